// Which run of the Train tab is in sight, and how the run that goes on stands.

import { signal } from '../kit/signal.js';

/**
 * A run that goes on, or went on last.
 *
 * @typedef {object} LiveRun
 * @property {string} run its id
 * @property {string} name
 * @property {string} state
 * @property {string} message a sentence about it, or ''
 * @property {number} epoch finished epochs
 * @property {number} epochs epochs that it will have
 * @property {import('../kit/series.js').Series} loss of each step
 * @property {[step: number, loss: number | null, accuracy: number | null][]} validated
 */

/** @type {import('../kit/signal.js').Signal<LiveRun>} */
const changes = signal();
/** @type {import('../kit/signal.js').Signal<{ run: string, scroll?: boolean }>} */
const requests = signal();
/** @type {LiveRun | null} */
let liveRun = null;

/** @returns {LiveRun | null} null before the first one */
export const getLiveRun = () => liveRun;

/** For the view that follows the run. @param {LiveRun} next */
export function setLiveRun(next) {
  liveRun = next;
  changes.send(next);
}

/**
 * @param {HTMLElement} element
 * @param {(liveRun: LiveRun) => unknown} listener is called when the state or the number of finished epochs changes: what a
 *   `LiveRun` says need not be asked from the server
 */
export const onLiveRun = (element, listener) => changes.listen(element, listener);

/** Shows the results of a run. @param {string} run @param {boolean} [scroll] whether the page goes there */
export const showRun = (run, scroll = false) => requests.send({ run, scroll });

/** @param {HTMLElement} element @param {(request: { run: string, scroll?: boolean }) => unknown} listener */
export const onShowRun = (element, listener) => requests.listen(element, listener);
