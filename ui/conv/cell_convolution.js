// How a convolution computes one number: for each input map a patch times a kernel, and the sum of all of them.

import { makeButton, makeSelect } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { aligned } from '../kit/numbers.js';
import { line, numbers, operand, strong } from './cell_numbers.js';

/** @typedef {{ patch: number[][][], padding: boolean[][], kernel: number[][][], sums: number[], bias: number | null }} Work by input map */
/** @typedef {import('./cell.js').Cell & { work: Work }} ConvolutionCell */

const MOST = 6;   // sums that are written out

/** @param {Work} work */
export function sumText({ sums, bias }) {
  const terms = (sums.length > MOST ? [...sums.slice(0, 3), null, ...sums.slice(-2)] : sums)
    .map((value) => (value === null ? '…' : operand(value)));
  return `${terms.join(' + ')}${bias === null ? '' : ` + bias ${operand(bias)}`}`;
}

/**
 * The patch, the kernel and the products of one input map, and a bar that chooses the map.
 *
 * @param {Work} work
 * @param {number} strongest the input map that counts most
 * @param {{ inputMap: number | null }} choice the map that the visitor chose, for this cell and those after it
 */
function inputMaps({ patch, padding, kernel, sums }, strongest, choice) {
  const count = sums.length;
  let current = choice.inputMap !== null && choice.inputMap < count ? choice.inputMap : strongest;
  const [bar, equation, bars] = [make('div', undefined, 'bar'), make('div', undefined, 'equation'), make('div', undefined, 'sums')];
  const select = makeSelect(sums.map((_, i) => [String(i), t('input map {number}', { number: i })]), t('Input map'), (chosen) => go(Number(chosen)));
  const remark = make('span', undefined, 'quiet');
  const hasPadding = padding.flat().some(Boolean);

  function show() {
    const products = patch[current].map((row, y) => row.map((value, x) => value * kernel[current][y][x]));
    const sum = line(t('Sum of the nine products:'), ' ', strong(sums[current]));
    sum.classList.add('of-nine');
    equation.replaceChildren(
      numbers(patch[current], hasPadding ? t('patch (dashed: padding)') : t('patch'), padding), make('span', '×', 'sign'),
      numbers(kernel[current], t('kernel')), make('span', '=', 'sign'), numbers(products, t('products')), sum,
    );
    [...bars.children].forEach((view, i) => view.classList.toggle('on', i === current));
    select.value = String(current);
    remark.textContent = current === strongest ? t('of {count}. This one counts most.', { count }) : t('of {count}.', { count });
  }
  /** @param {number} next */
  function go(next) {
    current = (next + count) % count;
    choice.inputMap = current;
    show();
  }

  if (count > 1) {
    bar.append(
      makeButton('◀', () => go(current - 1), 'button', t('Previous input map')), select,
      makeButton('▶', () => go(current + 1), 'button', t('Next input map')), remark,
    );
    const largest = Math.max(...sums.map(Math.abs)) || 1;
    bars.append(...sums.map((value, i) => {
      const view = make('span', undefined, value < 0 ? 'below' : 'above');
      view.title = t('input map {number}: {value}', { number: i, value: aligned(value) });
      view.style.setProperty('--part', String(Math.abs(value) / largest));
      view.append(make('i'));
      view.addEventListener('click', () => go(i));
      return view;
    }));
    bars.setAttribute('aria-hidden', 'true');
  }
  show();
  return { bar, equation, bars };
}

/** @param {ConvolutionCell} cell @param {{ inputMap: number | null }} choice see `inputMaps` */
export function convolution(cell, choice) {
  const { padding, sums, bias } = cell.work;
  const count = sums.length;
  const strongest = sums.reduce((best, value, i) => (Math.abs(value) > Math.abs(sums[best]) ? i : best), 0);
  const { bar, equation, bars } = inputMaps(cell.work, strongest, choice);
  const view = make('div', undefined, 'convolution');
  view.append(bar, equation);
  if (count > 1) view.append(make('p', t('Each of the {count} input maps gives one such sum. The bars show them. Together:', { count }), 'quiet'), bars);
  if (count > 1 || bias !== null) view.append(line(`${sumText(cell.work)} = `, strong(cell.value)));
  if (bias === null) view.append(make('p', t('This layer has no bias: the BatchNorm2d behind it has one.'), 'quiet'));
  if (cell.reads_picture && padding.flat().some(Boolean)) {
    view.append(make('p', t('The padding is 0 in normalised numbers. That is a dark grey, not black.'), 'quiet'));
  }
  return view;
}
