// How one number is computed: the arithmetic of a cell, and of those it becomes in the layers after it.

import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { aligned } from '../kit/numbers.js';
import { convolution, sumText } from './cell_convolution.js';
import { line, numbers, operand, strong } from './cell_numbers.js';

/**
 * @typedef {object} Cell as `_cell_fields` of inside.py returns it
 * @property {string} layer
 * @property {string} kind
 * @property {number} channel
 * @property {number} row
 * @property {number} column
 * @property {number} value
 * @property {number | ''} rounded the same number, computed with more digits, where it differs
 * @property {any} work the numbers that went in, as the kind has them
 * @property {boolean} reads_picture whether the layer is the first
 */
/** @typedef {Cell & { after: Cell[], left_out: boolean }} ExplainedCell with the cells it becomes */

/**
 * The numbers of a cell put into its formula, by kind of layer.
 *
 * @type {Record<string, (work: any) => string>}
 */
const ARITHMETIC = {
  Conv2d: sumText,
  BatchNorm2d: ({ x, mean, variance, eps, weight, bias }) => (
    `(${aligned(x)} − ${operand(mean)}) / √(${aligned(variance)} + ${eps.toFixed(5)}) × ${operand(weight)} + ${operand(bias)}`
  ),
  ReLU: ({ x }) => `max(0, ${aligned(x)})`,
  MaxPool2d: ({ patch }) => `max(${patch.flat().map(aligned).join(', ')})`,
  add: ({ x, y }) => `${aligned(x)} + ${operand(y)}`,
  amax: ({ values }) => t('max of {size} numbers', { size: `${values.length} × ${values[0].length}` }),
  Linear: ({ largest, rest, others, bias }) => {
    const terms = largest.slice(0, 3).map(([, , , product]) => operand(product)).join(' + ');
    const remark = t('{count} products, the last {others} are {rest}', { count: largest.length + others, others, rest: operand(rest) });
    return `${terms} + … (${remark}) + bias ${operand(bias)}`;
  },
};

/** The products of a linear layer, the largest of them one by one. @param {Cell} cell */
function products({ value, work: { largest, rest, others, bias } }) {
  const [view, table, head] = [make('div', undefined, 'scroll'), make('table', undefined, 'products'), make('tr')];
  head.append(...[t('input'), t('value'), t('weight'), t('product')].map((title) => make('th', title)));
  const rows = largest.map(([n, x, weight, product]) => {
    const row = make('tr');
    row.append(...[t('map {number}', { number: n }), aligned(x), aligned(weight), aligned(product)].map((text) => make('td', text)));
    return row;
  });
  /** @param {string} title @param {number} number @param {string} [className] */
  const sumRow = (title, number, className) => {
    const [row, name] = [make('tr', undefined, className), make('td', title)];
    name.colSpan = 3;
    row.append(name, make('td', aligned(number)));
    return row;
  };
  table.append(head, ...rows, sumRow(t('the other {count}', { count: others }), rest), sumRow('bias', bias), sumRow(t('sum: the logit'), value, 'total'));
  view.append(table);
  return view;
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, { title: string, formula: string }>} kinds of layers
 * @returns {(cell: ExplainedCell, place: string) => void} explains another cell; place: how the page calls it
 */
export function makeCell(element, kinds) {
  const find = finder(element);
  const choice = { inputMap: null };   // what the visitor chose in a convolution stays for the next cell

  /** @param {Cell} cell */
  const result = (cell) => line(`${ARITHMETIC[cell.kind](cell.work)} = `, strong(cell.value));

  /** What stands below the title, by kind of layer. @param {Cell} cell @returns {HTMLElement[]} */
  function body(cell) {
    const { kind, work } = cell;
    const views = {
      Conv2d: () => [convolution(cell, choice)],
      Linear: () => [products(cell)],
      MaxPool2d: () => [numbers(work.patch, t('the block of the map before')), result(cell)],
      amax: () => [numbers(work.values, t('the largest is in row {row}, column {column}', work)), result(cell)],
      add: () => [make('p', t('x is from {x}, y from {y}', { x: work.names[0], y: work.names[1] }), 'quiet'), result(cell)],
    };
    return views[kind]?.() ?? [make('p', kinds[kind].formula, 'quiet'), result(cell)];
  }

  /** One of the cells it becomes. @param {Cell} cell */
  function step(cell) {
    const item = make('li');
    const { title, formula } = kinds[cell.kind];
    item.append(make('b', `${title} `), make('small', `${cell.layer}, ${formula}`), result(cell));
    return item;
  }

  return (cell, place) => {
    const head = make('h4', `${place}: `);
    head.append(strong(cell.value));
    find('.cell').replaceChildren(head, ...body(cell));
    const add = (/** @type {HTMLElement[]} */ ...views) => find('.cell').append(...views);
    if (cell.rounded !== '') {
      const sentence = t('Computed with more digits this is {value}. The network computes in float32, so the last digits may differ.', { value: aligned(cell.rounded) });
      add(make('p', sentence, 'quiet'));
    }
    if (cell.left_out) add(make('p', t('The pooling layer behind this one leaves this row or column out: an odd size has no partner for it.'), 'quiet'));
    if (cell.after.length) {
      const list = make('ol', undefined, 'after');
      list.append(...cell.after.map(step));
      add(make('h4', t('What becomes of it in the next layers')), list);
    }
    find('.live').textContent = `${place}: ${aligned(cell.value)}. ${find('.sees').textContent}`;
  };
}
