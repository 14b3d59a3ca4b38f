// The server's data on one run: each epoch and each picture is requested once.

import { t } from '../kit/language.js';

/**
 * @typedef {{ index: number, label: number, pixels: string }} Picture pixels: base64 of 28 x 28 grey levels
 * @typedef {{ label: number, answer: number, count: number, indices: number[], confidence: (number | null)[] }} Mistakes of a
 *   cell of the confusion matrix; of many, the surest are listed
 * @typedef {{ accuracy: number | null, loss: number | null }} Measured
 * @typedef {{ index: number, label: number, answer: number, confidence: number | null, loss: number | null }} Sample
 */

/**
 * @typedef {object} Filters the weights of the first layer
 * @property {string} name
 * @property {string} code
 * @property {'filters' | 'weights'} kind
 * @property {number} count how many are sent
 * @property {number} total
 * @property {number} width
 * @property {number} height
 * @property {string} pixels base64 of grey levels, 128 for 0
 * @property {number[][][] | null} values of small filters
 * @property {number | null} largest absolute weight; null where the weights are not finite
 */

/**
 * @typedef {object} Snapshot `training.report.snapshot` after an epoch
 * @property {number} epoch
 * @property {number | null} accuracy on the validation samples, and so are the others
 * @property {number | null} loss
 * @property {number[][]} confusion
 * @property {Mistakes[]} wrong
 * @property {Filters | null} filters
 * @property {{ index: number, label: number, probabilities: (number | null)[] }[]} glances
 */

/**
 * @typedef {object} Report `training.report.report` at the end of a run
 * @property {Measured} before with the initial weights, on the test samples
 * @property {Measured} after
 * @property {number} samples
 * @property {Measured | null} train
 * @property {number} train_samples
 * @property {{ samples: number, right: number, accuracy: number | null }[]} per_class
 * @property {number[][]} confusion
 * @property {Mistakes[]} wrong
 * @property {Sample[]} confident
 * @property {Sample[]} highest
 */

/**
 * @typedef {object} Overview
 * @property {string} name a visitor's text
 * @property {string} state
 * @property {string} message a sentence about how it ended, or ''
 * @property {string[]} classes
 * @property {number[]} snapshots numbers of the epochs that can be shown
 * @property {number} epochs it has or will have
 * @property {Report | null} report
 */

/** @typedef {(name: string, request: object) => Promise<any>} Ask */

export class RunResults {
  /** @param {string} run its id @param {Ask} ask */
  constructor(run, ask) {
    this.run = run;
    this.ask = ask;
    /** @type {Overview | null} */
    this.overview = null;
    /** @type {Map<number, Snapshot>} */
    this.snapshots = new Map();
    /** @type {Map<string, Picture>} */
    this.pictures = new Map();
  }

  /** Place of the last epoch that can be shown; -1 while there is none. */
  get last() { return this.overview.snapshots.length - 1; }

  /** @param {number} label */
  className(label) { return this.overview.classes[label] ?? t('class {number}', { number: label }); }

  /** @returns {Promise<string>} what went wrong, or '' */
  async loadOverview() {
    const answer = await this.ask('overview', { run: this.run });
    if (!answer.problem) this.overview = answer;
    return answer.problem ?? '';
  }

  /** @param {number} epoch @returns {Promise<Snapshot & { problem?: string }>} */
  async loadSnapshot(epoch) {
    const answer = this.snapshots.get(epoch) ?? await this.ask('epoch', { run: this.run, epoch });
    if (!answer.problem) this.snapshots.set(epoch, answer);
    return answer;
  }

  /** @param {string} part of the data @param {number} index */
  picture(part, index) { return this.pictures.get(`${part}:${index}`); }

  /** @param {string} part @param {number[]} indices @returns {Promise<string>} what went wrong, or '' */
  async loadPictures(part, indices) {
    const missing = indices.filter((index) => !this.picture(part, index));
    if (!missing.length) return '';
    const answer = await this.ask('pictures', { run: this.run, part, indices: missing });
    if (answer.problem) return answer.problem;
    answer.pictures.forEach((/** @type {Picture} */ picture) => this.pictures.set(`${part}:${picture.index}`, picture));
    return '';
  }
}
