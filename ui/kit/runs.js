// The visitor's runs: the Train tab lists them, others choose from them.

import { signal } from './signal.js';

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} name a visitor's text: only for `textContent`
 * @property {string} text name, network and accuracy, as a list of runs shows it; a visitor's text, too
 * @property {string} state
 * @property {string[]} cells its choices in the columns of the table
 * @property {number | null} validation accuracy
 * @property {number | null} test accuracy
 * @property {number} seconds
 * @property {number} parameters
 * @property {boolean} changed whether it was changed while it ran
 * @property {boolean} uploaded whether its weights came as a file
 * @property {boolean} usable whether it has weights that can be used
 */

/** @typedef {{ revision: string, columns: string[], runs: Run[] }} RunTable `run_table` of ui/train/runs.py; runs: the oldest first */

/** @type {import('./signal.js').Signal<Run[]>} */
const changes = signal();
/** @type {RunTable | null} */
let table = null;

/** @returns {RunTable | null} null until the Train tab is there */
export const getRunTable = () => table;

/** For the Train tab alone. @param {RunTable} next */
export function setRunTable(next) {
  table = next;
  changes.send(next.runs);
}

/**
 * @param {HTMLElement} element
 * @param {(runs: Run[]) => unknown} listener is called when a run begins, changes its state or name, or is removed
 */
export const onRuns = (element, listener) => changes.listen(element, listener);
