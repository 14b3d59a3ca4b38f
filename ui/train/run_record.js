// The run on screen, put together from messages that carry only what is new.

import { Series } from '../kit/series.js';

/**
 * An answer of `Desk.news`; it has the parts with ? when they are new.
 *
 * @typedef {object} News
 * @property {number[]} cursor goes back to the server with the next request
 * @property {{ name: string, recipe: import('./choices.js').Recipe }} [about] everything before it is void
 * @property {string} state
 * @property {number} place in the queue
 * @property {string} message a sentence, or ''
 * @property {number} lr the latest setting
 * @property {boolean} changed whether the visitor changed it while it ran
 * @property {{ step: number, steps: number | null, epoch: number, epochs: number, seconds: number, left: number | null,
 *   rate: number, lr: number, budget: number }} progress
 * @property {{ step: number[], loss: (number | null)[], accuracy: (number | null)[], lr: number[] }} [steps]
 * @property {[step: number, loss: number | null, accuracy: number | null][]} [validated]
 * @property {[name: string, length: number | null][]} [layers]
 * @property {{ kind: string, message: string } | null} [verdict]
 * @property {import('./choices.js').Recipe} [advice] fields to change, for a run that diverged
 */

export class RunRecord {
  /** @param {string | null} id of the run; null while there is none on screen */
  constructor(id) {
    this.id = id;
    this.startedAt = performance.now();   // on the screen
    /** @type {News | null} */
    this.news = null;   // the newest message
    this.clear();
  }

  clear() {
    /** @type {number[] | null} */
    this.cursor = null;
    /** @type {News['about'] | null} */
    this.about = null;
    this.curves = { loss: new Series(), accuracy: new Series(), lr: new Series() };
    /** @type {News['validated']} */
    this.validated = [];
    /** @type {News['layers']} */
    this.layers = [];
    /** @type {News['verdict'] | null} */
    this.verdict = null;
  }

  /** @param {News} news */
  add(news) {
    if (news.about) {
      this.clear();
      this.about = news.about;
    }
    const { step = [], loss = [], accuracy = [], lr = [] } = news.steps ?? {};
    const keep = 1 - 1 / Math.min(100, Math.max(4, (news.progress.steps ?? 0) / 60));
    step.forEach((number, i) => {
      this.curves.loss.push(number + 1, loss[i], keep);
      this.curves.accuracy.push(number + 1, accuracy[i], keep);
      this.curves.lr.push(number + 1, lr[i], 0);
    });
    this.validated.push(...(news.validated ?? []));
    this.layers = news.layers ?? this.layers;
    this.verdict = news.verdict ?? this.verdict;
    this.cursor = news.cursor;
    this.news = news;
  }

  get state() { return this.news?.state ?? null; }

  get progress() { return this.news?.progress ?? null; }
}
