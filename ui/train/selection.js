// Which run of the Train tab is on show, and the status of the current run.

import { signal } from '../kit/signal.js';

/**
 * The current run, or the latest one.
 *
 * @typedef {object} LiveRun
 * @property {string} run its id
 * @property {string} name
 * @property {string} state
 * @property {string} message a sentence about it, or ''
 * @property {number} epoch finished epochs
 * @property {number} epochs epochs it will have
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
 * @param {(liveRun: LiveRun) => unknown} listener called when the state or the number of finished epochs changes: the data
 *   of a `LiveRun` need not be requested from the server
 */
export const onLiveRun = (element, listener) => changes.listen(element, listener);

/** Shows the results of a run. @param {string} run @param {boolean} [scroll] whether the page goes there */
export const showRun = (run, scroll = false) => requests.send({ run, scroll });

/** @param {HTMLElement} element @param {(request: { run: string, scroll?: boolean }) => unknown} listener */
export const onShowRun = (element, listener) => requests.listen(element, listener);
