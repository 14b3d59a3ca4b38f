// The records of a sweep: the progress of each of its runs.

/**
 * @typedef {object} Start the record SweepStart
 * @property {string} rows field
 * @property {any[]} row_values
 * @property {string} columns field
 * @property {any[]} column_values
 * @property {number} epochs of each run
 * @property {number} seconds of each run, at most
 *
 * @typedef {{ steps: number, command: string }} CellStart
 * @typedef {{ state: string, reason: string, steps: number, epochs: number, seconds: number, loss: number | null, accuracy: number | null }} CellEnd
 * @typedef {{ start: CellStart | null, points: [step: number, loss: number][], end: CellEnd | null }} Cell
 * @typedef {{ best: number | null, margin: number | null, validated: number, seconds: number }} End the record SweepEnd
 */

export class SweepData {
  constructor() {
    /** @type {Start | null} */
    this.start = null;
    /** @type {Cell[]} */
    this.cells = [];
    /** @type {End | null} */
    this.end = null;
  }

  /** @param {any} record */
  take({ record, ...values }) {
    const cell = this.cells[values.cell];
    if (record === 'SweepStart') {
      this.start = values;
      this.cells = Array.from({ length: values.row_values.length * values.column_values.length }, () => ({ start: null, points: [], end: null }));
    } else if (record === 'CellStart') cell.start = values;
    else if (record === 'CellPoint') cell.points.push([values.step, values.loss]);
    else if (record === 'CellEnd') cell.end = values;
    else if (record === 'SweepEnd') this.end = values;
  }

  /** Value of the row and of the column. @param {number} place of a cell, counted row by row @returns {[any, any]} */
  pair(place) {
    const { row_values: rows, column_values: columns } = this.start;
    return [rows[Math.floor(place / columns.length)], columns[place % columns.length]];
  }

  /** How many runs have ended. */
  get ended() { return this.cells.filter(({ end }) => end).length; }

  /** Accuracies that have been reached. @returns {number[]} */
  get accuracies() { return this.cells.flatMap(({ end }) => (end && end.accuracy !== null ? [end.accuracy] : [])); }

  /** Place of the first cell with the highest accuracy so far; null while there is none. */
  get best() {
    const { accuracies } = this;
    return accuracies.length ? this.cells.findIndex(({ end }) => end?.accuracy === Math.max(...accuracies)) : null;
  }

  /** Whether a run went through all its epochs. @param {CellEnd} end */
  isWhole(end) { return Math.abs(end.epochs - this.start.epochs) < 1e-9; }
}
