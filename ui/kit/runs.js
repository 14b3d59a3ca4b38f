// The visitor's runs, which the Train tab knows and others choose from.

import { signal } from './signal.js';

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} name a visitor's text: only for `textContent`
 * @property {string} text name, network and accuracy, as a list of runs shows it; a visitor's text, too
 * @property {string} state
 * @property {boolean} usable whether it has weights that can be used
 */

/** @type {import('./signal.js').Signal<Run[]>} */
const changes = signal('tp-run-list');
/** @type {Run[] | null} */
let runs = null;

// the Train tab's own script is no module yet
document.addEventListener('tp-run-list', (event) => { runs = /** @type {CustomEvent<Run[]>} */ (event).detail; });

/** @returns {Run[] | null} in the order in which they were made; null until the Train tab is there */
export const getRuns = () => runs;

/** For the Train tab alone. @param {Run[]} next */
export function setRuns(next) {
  runs = next;
  changes.send(next);
}

/**
 * @param {HTMLElement} element
 * @param {(runs: Run[]) => unknown} listener is called when a run begins, changes its state, gets another name or goes
 */
export const onRuns = (element, listener) => changes.listen(element, listener);
