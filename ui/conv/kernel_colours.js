// Colours for the numbers of an output, in the theme of the page.

import { make } from '../kit/dom.js';

/** @typedef {'clip' | 'stretch' | 'sign'} Look how numbers become colours */
/** @typedef {number[]} Rgb */

/** @param {number} share 0 is black, 1 white @returns {Rgb} */
const grey = (share) => Array(3).fill(Math.round(255 * Math.min(1, Math.max(0, share))));

/** @param {HTMLElement} element whose theme counts */
export function themeColours(element) {
  const pen = /** @type {CanvasRenderingContext2D} */ (make('canvas').getContext('2d', { willReadFrequently: true }));

  /** A colour of the theme. @param {string} name @returns {Rgb} */
  function rgb(name) {
    pen.fillStyle = getComputedStyle(element).getPropertyValue(`--tp-${name}`).trim();
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }

  /**
   * The colour of each value.
   *
   * @param {Look} look
   * @param {number} low the lowest and the highest of the values
   * @param {number} high
   * @returns {(value: number) => Rgb}
   */
  function painter(look, low, high) {
    if (look === 'clip') return grey;
    if (look === 'stretch') return (value) => grey(high > low ? (value - low) / (high - low) : 0.5);
    const [zero, above, below] = ['card', 'accent', 'focus'].map(rgb);
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return (value) => {
      const share = Math.min(1, Math.abs(value) / most);
      return zero.map((part, i) => Math.round(part + ((value < 0 ? below : above)[i] - part) * share));
    };
  }
  return { rgb, painter };
}
