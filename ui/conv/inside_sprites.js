// Feature maps as small pictures, in the colours of signed numbers.

import { make } from '../kit/dom.js';
import { RAMP, paint } from '../kit/paint.js';

/** The level 0..255 of a number, 128 for 0. @param {number} value @param {number} largest the size that gets the full colour */
export const levelOf = (value, largest) => (largest > 0 ? Math.round((value / largest) * 127) + 128 : 128);

/** @param {ArrayLike<number>} levels one for each pixel @param {number} width @param {number} height */
export function painted(levels, width, height) {
  const canvas = make('canvas');
  paint(canvas, levels, width, height, RAMP);
  return canvas;
}

/** Maps below one another, which the server sends as one grey picture. @param {string} url @returns {Promise<HTMLCanvasElement>} */
export async function sheetOf(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const { width, height } = image;
  const pen = /** @type {CanvasRenderingContext2D} */ (
    Object.assign(make('canvas'), { width, height }).getContext('2d', { willReadFrequently: true })
  );
  pen.drawImage(image, 0, 0);
  return painted(pen.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0), width, height);
}

/** One map of a sheet. @param {HTMLCanvasElement} sheet @param {number} number @param {[number, number]} size height and width of a map */
export function mapOf(sheet, number, [height, width]) {
  const canvas = Object.assign(make('canvas'), { width, height });
  canvas.getContext('2d')?.drawImage(sheet, 0, number * height, width, height, 0, 0, width, height);
  return canvas;
}
