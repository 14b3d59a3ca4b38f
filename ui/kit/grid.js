// Places [row, column] in a grid of cells, such as the pixels of a picture.

/** @typedef {[number, number]} Place row and column, both from 0 */
/** @typedef {[number, number]} Size how many rows and columns */

/** @type {Record<string, Place>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Rows and columns that a key moves by; null for any but the arrow keys. @param {KeyboardEvent} event @returns {Place | null} */
export const arrow = (event) => STEPS[event.key] ?? null;

/** The place of the grid that is nearest. @param {number[]} place @param {Size} size @returns {Place} */
export const within = ([row, column], [rows, columns]) => [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];

/**
 * The place under the pointer.
 *
 * @param {MouseEvent} event
 * @param {Element} view shows the whole grid, however large
 * @param {Size} size
 * @returns {Place} possibly outside the grid
 */
export function placeUnder(event, view, [rows, columns]) {
  const { top, left, height, width } = view.getBoundingClientRect();
  return [Math.floor(((event.clientY - top) / height) * rows), Math.floor(((event.clientX - left) / width) * columns)];
}

/**
 * Lays an element over some cells of a grid.
 *
 * @param {HTMLElement} frame is positioned in the element that shows the grid
 * @param {number[]} topLeft the first of the cells
 * @param {number[]} extent how many rows and columns of them
 * @param {Size} size of the grid
 */
export function lay(frame, [top, left], [height, width], [rows, columns]) {
  Object.assign(frame.style, {
    top: `${(100 * top) / rows}%`, left: `${(100 * left) / columns}%`,
    height: `${(100 * height) / rows}%`, width: `${(100 * width) / columns}%`,
  });
}
