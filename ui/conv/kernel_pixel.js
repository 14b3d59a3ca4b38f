// One output pixel: the pixels below the kernel, times its weights, added.

import { findAll, finder, make } from '../kit/dom.js';
import { arrow, lay, placeUnder, within } from '../kit/grid.js';
import { t, tn } from '../kit/language.js';
import { bracketed, rounded } from '../kit/numbers.js';
import { largest, showGrid, turned } from './kernel_grid.js';
import { pixelAt, strongest } from './kernel_result.js';

/** @typedef {import('./kernel_result.js').Result} Result */

const QUIET = 600;   // ms: a pointer moves fast, and what is read out waits until it rests
const FAR = 10;      // pixels that an arrow key moves by with Shift
const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);

/**
 * @param {HTMLElement} element
 * @returns {{ show: (result: Result) => void, forget: () => void }} show: the pixel of another result, at the same place;
 *   forget: the next result opens at its strongest pixel
 */
export function makePixel(element) {
  const find = finder(element);
  /** @type {Result | null} */
  let result = null;
  /** @type {[number, number] | null} */
  let place = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let speaking;

  /** @param {Result} now @param {[number, number]} at */
  function showPixel(now, at) {
    const { used, stride, padding, output, height, width, values, flip } = now;
    const [row, column] = at;
    const [top, left] = [row * stride - padding, column * stride - padding];
    const patch = used.map((line, i) => line.map((_, j) => pixelAt(now, top + i, left + j)));
    const products = used.map((line, i) => line.map((weight, j) => weight * (patch[i][j] ?? 0)));
    const value = values[row * output.width + column];

    const kernelSize = [used.length, used[0].length];
    lay(find('.in .window'), [row * stride, column * stride], kernelSize, [height + 2 * padding, width + 2 * padding]);
    for (const frame of ['.out .window', '.beside .window']) lay(find(frame), at, [1, 1], [output.height, output.width]);

    const levels = patch.flat();
    showGrid(find('.patch'), patch).forEach((cell, i) => {
      const level = levels[i];
      const tone = Math.round(255 * (level ?? 0));
      cell.classList.toggle('pad', level === null);
      cell.style.background = level === null ? '' : `rgb(${tone} ${tone} ${tone})`;
      cell.style.color = level === null ? '' : level > 0.46 ? '#000' : '#fff';
    });
    showGrid(find('.weights'), used, largest(used));
    showGrid(find('.products'), products, Math.max(largest(products), 1e-12));
    find('.result').textContent = rounded(value);
    find('.where').textContent = t('Output pixel in row {row}, column {column}', { row, column });
    find('.weights-name').textContent = flip ? t('kernel, turned') : t('kernel');
    speak(equation(at, products.flat(), levels.filter((level) => level === null).length, value));

    const weights = turned(used).flat();
    const other = sum(weights.map((weight, i) => weight * (levels[i] ?? 0)));
    const isZero = Math.abs(other) < 1e-13 * largest(used);   // the rounding of the last bits
    find('.other-value').textContent = t('Here: {other} instead of {value}', { other: rounded(isZero ? 0 : other), value: rounded(value) });
  }

  /** @param {[number, number]} at @param {number[]} products @param {number} outside how many of them are padding @param {number} value @returns {() => (string | Node)[]} */
  function equation([row, column], products, outside, value) {
    const terms = products.filter((product) => product !== 0).map((product) => bracketed(rounded(product)));
    const zeros = products.length - terms.length;
    const total = sum(products.map((product) => Number(product.toFixed(4))));
    const isRounded = Math.abs(value) < 1000 && total.toFixed(4) !== value.toFixed(4);
    const all = products.length;
    const remarks = [
      zeros && terms.length ? tn('{n} of the {all} products is 0', '{n} of the {all} products are 0', zeros, { all }) : '',
      outside ? tn('{n} of the {all} pixels is padding', '{n} of the {all} pixels are padding', outside, { all }) : '',
      isRounded ? t('the products are rounded here, their sum is not') : '',
    ].filter(Boolean);
    return () => [
      `output[${row}, ${column}] = ${terms.join(' + ') || '0'} = `,
      make('b', rounded(value)),
      ...remarks.map((remark) => `  (${remark})`),
    ];
  }

  /** @param {() => (string | Node)[]} parts */
  function speak(parts) {
    const view = find('.terms');
    clearTimeout(speaking);
    view.setAttribute('aria-live', 'off');
    view.replaceChildren(...parts());
    speaking = setTimeout(() => {
      view.setAttribute('aria-live', 'polite');
      view.replaceChildren(...parts());
    }, QUIET);
  }

  /** @param {number[]} next */
  function go(next) {
    if (!result) return;
    place = within(next, [result.output.height, result.output.width]);
    showPixel(result, place);
  }

  /** @param {number} down @param {number} right */
  function step(down, right) {
    if (place) go([place[0] + down, place[1] + right]);
  }

  const [input, output] = [find('canvas.input'), find('canvas.output')];
  for (const name of ['pointermove', 'pointerdown']) {
    output.addEventListener(name, (/** @type {PointerEvent} */ event) => go(placeUnder(event, output, [output.height, output.width])));
    input.addEventListener(name, (/** @type {PointerEvent} */ event) => {  // the output pixel whose kernel lies with its middle here
      if (!result) return;
      const { used, stride } = result;
      const size = [used.length, used[0].length];
      const under = placeUnder(event, input, [input.height, input.width]);
      go(under.map((at, axis) => Math.round((at - (size[axis] - 1) / 2) / stride)));
    });
  }
  for (const canvas of [output, input]) {
    canvas.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      const by = arrow(event);
      if (!by || !result) return;
      event.preventDefault();
      const far = event.shiftKey ? FAR : 1;
      step(far * by[0], far * by[1]);
    });
  }
  for (const button of findAll(find('.nudge'), 'button')) {
    const [down, right] = button.dataset.by.split(' ').map(Number);
    button.addEventListener('click', () => step(down, right));
  }

  return {
    show(next) {
      result = next;
      go(place ?? strongest(next));
    },
    forget() { place = null; },
  };
}
