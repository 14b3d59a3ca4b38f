// Small grids of numbers, coloured by sign and size: weights, pixels, products.

import { makeNumberCell, tint } from '../kit/controls.js';
import { short } from '../kit/numbers.js';

/** @typedef {number[][]} Rows numbers row by row */

/** The largest size of a number; text, which a visitor wrote and which is no number, does not count. @param {(number | string)[][]} rows */
export const largest = (rows) => Math.max(...rows.flat().map((value) => (typeof value === 'number' ? Math.abs(value) : 0)));

/** The rows after a turn by 180 degrees. @param {Rows} rows @returns {Rows} */
export const turned = (rows) => rows.map((row) => [...row].reverse()).reverse();

/**
 * @param {HTMLElement} view
 * @param {(number | null)[][]} rows null is padding, a 0
 * @param {number} [most] as for `tint`; none leaves the cells without colour
 * @returns {HTMLElement[]} the cells, row by row
 */
export function showGrid(view, rows, most) {
  const values = rows.flat();
  view.style.setProperty('--columns', String(rows[0].length));
  view.style.setProperty('--cell', rows[0].length > 5 ? '42px' : '46px');
  while (view.children.length > values.length) view.lastElementChild?.remove();
  while (view.children.length < values.length) view.append(makeNumberCell(''));
  const cells = /** @type {HTMLElement[]} */ ([...view.children]);
  values.forEach((value, i) => {
    cells[i].textContent = short(value ?? 0);
    if (most !== undefined) tint(cells[i], value ?? 0, most);
  });
  return cells;
}
