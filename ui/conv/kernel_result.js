// The answer of the server for one picture and one kernel, ready to be read pixel by pixel.

import { bytes } from '../kit/paint.js';

/** @typedef {import('./kernel_grid.js').Rows} Rows */
/**
 * @typedef {object} Answer what `on_kernel` of kernel.py returns
 * @property {number} height of the picture
 * @property {number} width
 * @property {string} pixels base64 of its grey levels
 * @property {Rows} kernel
 * @property {Rows} used the kernel as it lies on the picture
 * @property {number} stride
 * @property {number} padding
 * @property {boolean} flip
 * @property {{ height: number, width: number, values: string, low: number, high: number, below: number, above: number }} output
 *   values: base64 of float32; below, above: how many are below 0 and above 1
 * @property {{ pixels: string, low: number, high: number } | null} other the output of the kernel turned the other way
 * @property {string} sum
 * @property {string} size
 * @property {string} turn
 * @property {string} code
 */
/** @typedef {Answer & { levels: Uint8Array, values: Float32Array }} Result levels: of the picture; values: of the output */

/** @param {Answer} answer @returns {Result} */
export const decode = (answer) => (
  { ...answer, levels: bytes(answer.pixels), values: new Float32Array(bytes(answer.output.values).buffer) }
);

/** A pixel of the picture, 0 to 1; null outside of it. @param {Result} result @param {number} y @param {number} x */
export function pixelAt({ levels, height, width }, y, x) {
  return y < 0 || x < 0 || y >= height || x >= width ? null : levels[y * width + x] / 255;
}

/** The place of the output that is farthest from 0, of those whose kernel lies on the picture alone. @param {Result} result @returns {[number, number]} */
export function strongest({ values, output, stride, padding, used, height, width }) {
  /** @param {number} at @param {number} kernelSide @param {number} side */
  const isInside = (at, kernelSide, side) => at * stride >= padding && at * stride - padding + kernelSide <= side;
  /** @type {[number, number]} */
  let best = [0, 0];
  let most = -1;
  values.forEach((value, i) => {
    const [row, column] = [Math.floor(i / output.width), i % output.width];
    if (Math.abs(value) <= most || !isInside(row, used.length, height) || !isInside(column, used[0].length, width)) return;
    most = Math.abs(value);
    best = [row, column];
  });
  return best;
}
