// Pictures from numbers.

// A colour a grey level 0..255, where 128 stands for the number 0: from the most negative number over 0 to the largest it
// goes from light blue over blue, black and orange to cream.
const STOPS = [[-1, 205, 226, 255], [-0.5, 64, 124, 224], [0, 14, 17, 24], [0.5, 232, 100, 44], [1, 255, 238, 208]];

/** @type {number[][]} [red, green, blue] of each level of a signed number */
export const RAMP = Array.from({ length: 256 }, (_, grey) => {
  const part = Math.max(-1, Math.min(1, (grey - 128) / 127));
  const above = STOPS.findIndex(([stop], i) => i > 0 && part <= stop);
  const [low, high] = [STOPS[above - 1], STOPS[above]];
  const share = (part - low[0]) / (high[0] - low[0]);
  return [1, 2, 3].map((i) => Math.round(low[i] + share * (high[i] - low[i])));
});

/** @type {number[][]} [red, green, blue] of each grey level */
export const GREYS = Array.from({ length: 256 }, (_, grey) => [grey, grey, grey]);

/** @param {string} base64 @returns {Uint8Array<ArrayBuffer>} */
export const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values a level 0..255 a pixel, row by row
 * @param {number} width
 * @param {number} height
 * @param {number[][]} colours RAMP, or another such list
 */
export const paint = (canvas, values, width, height, colours) => paintPixels(canvas, width, height, (i) => colours[values[i]]);

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {(index: number) => number[]} colour [red, green, blue] of a pixel; they are counted row by row
 */
export function paintPixels(canvas, width, height, colour) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = pen.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) image.data.set([...colour(i), 255], 4 * i);
  pen.putImageData(image, 0, 0);
}
