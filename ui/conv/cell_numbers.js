// How the arithmetic of a cell writes its numbers.

import { makeNumberCell, tint } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { aligned, bracketed } from '../kit/numbers.js';

/** A number behind a sign. @param {number} value */
export const operand = (value) => bracketed(aligned(value));

/** The number that comes out. @param {number} value */
export const strong = (value) => make('b', aligned(value));

/** One line of arithmetic. @param {(string | Node)[]} parts */
export function line(...parts) {
  const view = make('p', undefined, 'line');
  view.append(...parts);
  return view;
}

/**
 * A small grid of numbers, coloured by their share of the largest.
 *
 * @param {number[][]} rows
 * @param {string} caption
 * @param {boolean[][]} [padding] the cells that lie outside of the map
 */
export function numbers(rows, caption, padding) {
  const [figure, grid] = [make('figure', undefined, 'numbers'), make('div', undefined, 'grid')];
  const largest = Math.max(...rows.flat().map(Math.abs)) || 1;
  grid.style.gridTemplateColumns = `repeat(${rows[0].length}, auto)`;
  grid.append(...rows.flatMap((row, y) => row.map((value, x) => {
    const isPadding = padding?.[y][x];
    const cell = makeNumberCell(aligned(value), isPadding);
    if (!isPadding) tint(cell, value, largest);
    if (isPadding) cell.title = t('padding: outside of the map, counted as 0');
    return cell;
  })));
  figure.append(grid, make('figcaption', caption));
  return figure;
}
