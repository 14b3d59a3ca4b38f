// The input picture and what the kernel makes of it, side by side.

import { fillRadios } from '../kit/controls.js';
import { finder } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { count, rounded } from '../kit/numbers.js';
import { bytes, paintPixels } from '../kit/paint.js';
import { themeColours } from './kernel_colours.js';
import { pixelAt } from './kernel_result.js';

/** @typedef {import('./kernel_result.js').Result} Result */
/** @typedef {import('./kernel_colours.js').Look} Look */

const WIDEST = 440;   // px
/** @type {[Look, string][]} */
const LOOKS = [['clip', t('clipped')], ['stretch', t('stretched')], ['sign', t('signed colours')]];

/** @param {HTMLCanvasElement} canvas in a frame that takes its shape @param {number} width @param {number} height @param {(index: number) => number[]} colour */
function paintFramed(canvas, width, height, colour) {
  const { style } = /** @type {HTMLElement} */ (canvas.parentElement);
  style.aspectRatio = `${width} / ${height}`;
  style.maxWidth = `${Math.round((WIDEST * width) / Math.max(width, height))}px`;
  paintPixels(canvas, width, height, colour);
}

/** @param {Look} look @param {Result['output']} output */
function sentenceOn(look, { below, above, width, height }) {
  if (look === 'stretch') return t('The lowest value is black and the highest white, so this grey cannot be compared with the grey of the input.');
  if (look === 'sign') return t('Orange is above 0, blue below 0; the stronger the colour, the farther from 0.');
  if (!below && !above) return t('Every value lies between 0 and 1: nothing is cut off.');
  return t('Values below 0 are black ({below} of {all} pixels), values above 1 white ({above}). The numbers themselves do not change.', {
    below: count(below), above: count(above), all: count(width * height),
  });
}

/**
 * @param {HTMLElement} element
 * @returns {(result: Result) => void} paints another result
 */
export function makePictures(element) {
  const find = finder(element);
  const { rgb, painter } = themeColours(element);
  /** @type {Result} */
  let result;
  /** @type {Look | null} */
  let chosen = null;   // null until the visitor chooses

  const checkLook = fillRadios(find('.looks'), 'kernel-looks', LOOKS, (look) => {
    chosen = look;
    paintOutput();
  });

  function paintInput() {
    const { height, width, padding, size } = result;
    const outside = rgb('accent-soft');
    const wide = width + 2 * padding;
    paintFramed(find('canvas.input'), wide, height + 2 * padding, (i) => {
      const value = pixelAt(result, Math.floor(i / wide) - padding, (i % wide) - padding);
      return value === null ? outside : Array(3).fill(Math.round(255 * value));
    });
    find('.in-size').textContent = t('{size}, 0 is black, 1 is white', { size: `${height} × ${width}` });
    const frame = padding && tn(
      'The frame around it is the padding: {n} row of zeros on each side. Zero is black, so a bright border counts as an edge.',
      'The frame around it is the padding: {n} rows of zeros on each side. Zero is black, so a bright border counts as an edge.', padding,
    );
    find('.in-note').textContent = [frame, t('Output: {sizes}.', { sizes: size })].filter(Boolean).join(' ');
  }

  function paintOutput() {
    const { output, other, values } = result;
    const { low, high, width, height } = output;
    const look = chosen ?? (output.below ? 'sign' : 'clip');
    const colour = painter(look, low, high);
    paintFramed(find('canvas.output'), width, height, (i) => colour(values[i]));
    checkLook(look);
    const most = Math.max(Math.abs(low), Math.abs(high));
    const [first, last] = { clip: [0, 1], stretch: [low, high], sign: [-most, most] }[look];
    find('.low').textContent = look === 'clip' ? '≤ 0' : rounded(first);
    find('.high').textContent = look === 'clip' ? '≥ 1' : rounded(last);
    const stops = [0, 0.5, 1].map((share) => `rgb(${colour(first + share * (last - first)).join(' ')})`);
    find('.legend i').style.background = `linear-gradient(90deg, ${stops.join(', ')})`;
    find('.out-note').textContent = sentenceOn(look, output);
    find('.out-size').textContent = t('{size}, {low} to {high}', { size: `${height} × ${width}`, low: rounded(low), high: rounded(high) });
    find('.beside').hidden = !other;
    if (!other) return;
    const levels = bytes(other.pixels);
    const otherColour = look === 'stretch' ? painter(look, other.low, other.high) : colour;
    paintFramed(find('canvas.other'), width, height, (i) => otherColour(other.low + (levels[i] / 255) * (other.high - other.low)));
  }

  return (next) => {
    result = next;
    paintInput();
    paintOutput();
    find('.out-name').textContent = result.flip ? t('Output, turned') : t('Output');
    find('.other-name').textContent = result.flip ? t('Conv2d gives') : t('turned, it gives');
    find('canvas.input').setAttribute('aria-label', t('Input picture, {height} by {width} pixels. The arrow keys move the kernel.', { ...result }));
    find('canvas.output').setAttribute('aria-label', t('Output, {height} by {width} pixels. The arrow keys choose a pixel and show what made it.', result.output));
  };
}
