// Small grids of numbers, coloured by sign and size: weights, pixels, products.

import { make } from '../kit/dom.js';
import { short } from '../kit/numbers.js';

/** @typedef {number[][]} Rows numbers row by row */

/** The largest size of a number; text, which a visitor wrote and which is no number, does not count. @param {(number | string)[][]} rows */
export const largest = (rows) => Math.max(...rows.flat().map((value) => (typeof value === 'number' ? Math.abs(value) : 0)));

/** The rows after a turn by 180 degrees. @param {Rows} rows @returns {Rows} */
export const turned = (rows) => rows.map((row) => [...row].reverse()).reverse();

/** @param {HTMLElement} view @param {number | string} value @param {number} most the size that gets the full colour */
export function tint(view, value, most) {
  const number = typeof value === 'number' ? value : 0;
  view.classList.toggle('plus', number > 0);
  view.classList.toggle('minus', number < 0);
  view.style.setProperty('--share', `${most ? Math.round((46 * Math.abs(number)) / most) : 0}%`);
}

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
  while (view.children.length < values.length) view.append(make('i'));
  const cells = /** @type {HTMLElement[]} */ ([...view.children]);
  values.forEach((value, i) => {
    cells[i].textContent = short(value ?? 0);
    if (most !== undefined) tint(cells[i], value ?? 0, most);
  });
  return cells;
}
