// A run of the small program: every tensor after every line. Nothing here touches the page.

import { t } from '../kit/language.js';
import { bytes } from '../kit/paint.js';

/**
 * @typedef {object} Settings what decides the program
 * @property {string} network
 * @property {string} optimizer
 * @property {number} lr
 * @property {number} batch_size
 * @property {number} seed
 * @property {string} batches
 * @property {string[]} order keys of the lines
 * @property {string[]} left_out keys of the lines that do not run
 * @property {string[]} not_given names of parameters
 * @property {string[]} frozen names of parameters
 */

/**
 * @typedef {object} Frame the state after one line; tensors are places in `Payload.tensors`
 * @property {number} pass
 * @property {string} line key of the line, or "start"
 * @property {string} sentence what the line did
 * @property {boolean} wrong whether that is a mistake
 * @property {string | null} error Python's own message
 * @property {number[]} w of each parameter
 * @property {(number | null)[]} g .grad of each parameter
 * @property {number[][]} sums of each parameter: the passes whose gradients are in .grad
 * @property {Record<string, (number | null)[]>} buffers of the optimizer for each parameter, by PyTorch's names
 * @property {number[]} t steps that the optimizer counts
 * @property {{ logits: number, shares: number, from: number } | {}} logits
 * @property {{ loss: number | string, each: number, from: number } | {}} loss
 */

/**
 * @typedef {object} Parameter
 * @property {string} name
 * @property {number[]} shape
 * @property {boolean} given to the optimizer
 * @property {boolean} frozen
 * @property {boolean} last whether it belongs to the last layer, whose outputs are the logits
 */

/**
 * @typedef {object} Payload of `play` in training/slow_motion/play.py, and two texts
 * @property {Settings} settings
 * @property {{ setup: [string, string][], head: string, lines: [string, string][], text: string }} program
 * @property {string[]} classes
 * @property {number} side
 * @property {number} passes
 * @property {Parameter[]} parameters
 * @property {string[]} tensors base64 of float32
 * @property {Frame[]} frames
 * @property {{ size: number, labels: number[], pictures: number[] }[]} batches
 * @property {{ large: string, small: string }[]} pictures base64 of grey levels
 * @property {(number | string)[]} curve
 * @property {(number | string)[] | null} textbook
 * @property {{ kind: string, sentence: string }} verdict
 * @property {[number, number]} chosen [parameter, place]
 * @property {string | null} source of an optimizer of this project
 * @property {string} note on the pictures
 */

/** @typedef {{ parameter: number, place: number }} Weight one number of a parameter, counted row by row */

/** @param {Iterable<Float32Array | null>} tensors */
const largest = (tensors) => {
  let most = 0;
  for (const tensor of tensors) tensor?.forEach((value) => { if (Number.isFinite(value)) most = Math.max(most, Math.abs(value)); });
  return most;
};

export class Recording {
  /** @param {Payload} payload */
  constructor(payload) {
    this.payload = payload;
    this.tensors = payload.tensors.map((text) => new Float32Array(bytes(text).buffer));
    /** The largest value, .grad and update of each parameter in the whole run, so that colours can be compared. */
    this.scales = payload.parameters.map((_, p) => [
      largest([...new Set(payload.frames.map(({ w }) => w[p]))].map((id) => this.tensors[id])),
      largest([...new Set(payload.frames.map(({ g }) => g[p]))].map((id) => this.tensor(id))),
      largest(payload.frames.map((_frame, i) => (this.isStep(i) ? this.#difference(i, p) : null))),
    ]);
  }

  get end() { return this.payload.frames.length - 1; }

  /** @param {number | null | undefined} id */
  tensor(id) { return id === null || id === undefined ? null : this.tensors[id]; }

  /** @param {number | null | undefined} id @param {number} place @returns {number | null} */
  number(id, place) { return this.tensor(id)?.[place] ?? null; }

  /** Whether step() ran at a frame. @param {number} i */
  isStep(i) { return i > 0 && this.payload.frames[i].line === 'step' && !this.payload.frames[i].error; }

  /** How a step changed a parameter. @param {number} i @param {number} p */
  #difference(i, p) {
    const [before, after] = [i - 1, i].map((frame) => this.tensors[this.payload.frames[frame].w[p]]);
    return after.map((value, place) => value - before[place]);
  }

  /**
   * Value, .grad and last update of a parameter after a line.
   *
   * @param {number} at @param {number} p
   * @returns {(Float32Array | null)[]}
   */
  states(at, p) {
    const { w, g } = this.payload.frames[at];
    let step = at;
    while (step > 0 && !this.isStep(step)) step -= 1;
    return [this.tensors[w[p]], this.tensor(g[p]), step ? this.#difference(step, p) : null];
  }

  /** Whether a parameter is multiplied with the pixels of a picture. @param {number} p */
  readsPixels(p) { return this.payload.parameters[p].shape[1] === this.payload.side ** 2; }

  /** What each row of a parameter computes. @param {number} p @returns {string[]} */
  outputs(p) {
    const { shape, last } = this.payload.parameters[p];
    return last ? this.payload.classes : Array.from({ length: shape[0] }, (_, i) => t('unit {number}', { number: i }));
  }

  /**
   * How a parameter is drawn: pictures of rows x columns, each with a name.
   *
   * @param {number} p
   * @returns {{ rows: number, columns: number, names: string[] }}
   */
  layout(p) {
    const { shape } = this.payload.parameters[p];
    if (shape.length === 1) return { rows: 1, columns: shape[0], names: [''] };
    if (this.readsPixels(p)) return { rows: this.payload.side, columns: this.payload.side, names: this.outputs(p) };
    return { rows: shape[0], columns: shape[1], names: [''] };
  }

  /** Row and column of a weight; a bias has only a row. @param {Weight} weight */
  position({ parameter, place }) {
    const { shape } = this.payload.parameters[parameter];
    return shape.length === 1 ? { row: place, column: null } : { row: Math.floor(place / shape[1]), column: place % shape[1] };
  }

  /** @param {Frame} frame */
  batch(frame) { return this.payload.batches[Math.min(frame.pass, this.payload.batches.length - 1)]; }

  /** From 0 to 1. @param {number} picture @param {number} column */
  pixel(picture, column) { return bytes(this.payload.pictures[picture].small)[column] / 255; }
}
