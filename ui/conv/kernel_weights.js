// The kernel: its weights in editable cells, the kernels that have a name, its size.

import { numberIn, tint } from '../kit/controls.js';
import { finder, make } from '../kit/dom.js';
import { arrow } from '../kit/grid.js';
import { t } from '../kit/language.js';
import { short } from '../kit/numbers.js';
import { readNumber, whyNoNumber } from '../kit/read_number.js';
import { largest } from './kernel_grid.js';

/** @typedef {(number | string)[][]} Weights row by row; text that is no number stays as typed */
/** @typedef {{ seed: number | null, height: number, width: number }} RandomKernel */
/** @typedef {{ name: string, group: string, meaning: string, rows: number[][], learned: boolean }} Filter */

const RANDOM = 'random';   // values in the list of kernels besides the numbers of filters
const OWN = 'own';
const MEANING = {
  [RANDOM]: t('The weights that a new Conv2d layer of this size starts with, before any training. The same seed gives the same weights.'),
  [OWN]: t('Weights of your own: write a number or a fraction like 1/9 into a cell.'),
};

/** A number, a fraction, or the text itself where it is neither. @param {string} text */
export function readWeight(text) {
  const [numerator, denominator = 1, ...more] = text.split('/').map((part) => readNumber(part));
  const value = more.length ? NaN : numerator / denominator;
  return Number.isFinite(value) ? value : text;
}

/**
 * @param {HTMLElement} element
 * @param {{ filters: Filter[], sides: number[] }} constants sides: the possible numbers of rows or columns
 * @param {{ onChange: (kernel: Weights | RandomKernel) => void, onFilter: (index: number) => void, onProblem: (problem: string) => void }} listeners
 *   onFilter: the number of the filter that has these weights, -1 for none; onProblem: what was typed is no weight
 */
export function makeWeights(element, { filters, sides }, { onChange, onFilter, onProblem }) {
  const find = finder(element);
  const cells = find('.cells');
  /** @type {Weights} */
  let weights = [[]];

  const cellViews = () => /** @type {HTMLInputElement[]} */ ([...cells.children]);
  const chosenSize = () => ({ height: Number(find('.rows').value), width: Number(find('.columns').value) });

  /** Puts a kernel into the cells. @param {Weights} rows @param {{ isRandom?: boolean }} [options] */
  function fill(rows, { isRandom = false } = {}) {
    weights = rows.map((row) => [...row]);
    const width = rows[0].length;
    cells.style.setProperty('--columns', width);
    cells.style.gridTemplateColumns = `repeat(${width}, minmax(0, 1fr))`;
    cells.classList.toggle('many', width > 5);
    while (cells.children.length > rows.length * width) cells.lastElementChild.remove();
    while (cells.children.length < rows.length * width) {
      cells.append(Object.assign(make('input'), { type: 'text', autocapitalize: 'off', spellcheck: false, enterKeyHint: 'next' }));
    }
    const values = rows.flat();
    cellViews().forEach((cell, i) => {
      cell.setAttribute('aria-label', t('Weight in row {row}, column {column}', { row: Math.floor(i / width) + 1, column: (i % width) + 1 }));
      const value = values[i];
      cell.value = typeof value === 'string' || cell === document.activeElement ? String(value) : short(value);
    });
    find('.rows').value = rows.length;
    find('.columns').value = width;
    describe(isRandom ? RANDOM : undefined);
  }

  /** Says which kernel this is, and colours the cells. @param {string} [choice] in the list; none: the filter with these weights */
  function describe(choice) {
    const text = JSON.stringify(weights);
    const index = filters.findIndex(({ rows }) => JSON.stringify(rows) === text);
    const name = choice ?? (index < 0 ? OWN : String(index));
    find('.preset').value = name;
    find('.random').hidden = name !== RANDOM;
    find('.meaning').textContent = filters[index]?.meaning ?? MEANING[name];
    const [values, most] = [weights.flat(), largest(weights)];
    cellViews().forEach((cell, i) => {
      tint(cell, values[i], most);
      cell.setAttribute('aria-invalid', String(typeof values[i] !== 'number'));
      cell.title = String(values[i]);
    });
    onFilter(choice === undefined ? index : -1);
  }

  function drawRandom() {
    find('.preset').value = RANDOM;
    find('.random').hidden = false;
    const seed = numberIn(find('.seed'), onProblem);
    if (seed !== undefined) onChange({ seed, ...chosenSize() });
  }

  /** @param {number} index of a filter */
  function choose(index) {
    fill(filters[index].rows);
    onChange(weights);
  }

  function resize() {
    if (find('.preset').value === RANDOM) {
      drawRandom();
      return;
    }
    const { height, width } = chosenSize();
    // the middle stays in the middle
    const [top, left] = [(height - weights.length) / 2, (width - weights[0].length) / 2];
    fill(Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => weights[y - top]?.[x - left] ?? 0)));
    onChange(weights);
  }

  // --- the cells ----------------------------------------------------------------------------------------------------

  /** A sentence on the first cell without a number, "" if all have one. */
  function whatIsWrong() {
    const index = weights.flat().findIndex((value) => typeof value === 'string');
    if (index < 0) return '';
    const [row, column] = placeOf(cellViews()[index]).map((place) => place + 1);
    const text = String(weights[row - 1][column - 1]);
    const place = { row, column, problem: whyNoNumber(text) || t('“{text}” is not a number.', { text }) };
    return text ? t('Row {row}, column {column} of the kernel: {problem}', place) : t('Row {row}, column {column} of the kernel is empty.', place);
  }

  /** @param {HTMLInputElement} cell */
  function placeOf(cell) {
    const [index, width] = [cellViews().indexOf(cell), weights[0].length];
    return [Math.floor(index / width), index % width];
  }
  cells.addEventListener('focusin', ({ target }) => {
    const [y, x] = placeOf(target);
    target.value = String(weights[y][x]);
    target.select();
  });
  cells.addEventListener('focusout', ({ target }) => {
    if (!target.isConnected) return;
    const [y, x] = placeOf(target);
    const value = weights[y]?.[x];
    if (typeof value === 'number') target.value = short(value);
  });
  cells.addEventListener('input', ({ target }) => {
    const [y, x] = placeOf(target);
    weights[y][x] = readWeight(target.value.trim());
    describe();
    const problem = whatIsWrong();
    if (problem) onProblem(problem);
    else onChange(weights);
  });
  cells.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const cell = /** @type {HTMLInputElement} */ (event.target);
    const [start, end] = [cell.selectionStart ?? 0, cell.selectionEnd ?? 0];
    const isAllSelected = end - start === cell.value.length;
    const [down, right] = event.key === 'Enter' ? [1, 0] : arrow(event) ?? [0, 0];
    if (event.key === 'Enter') event.preventDefault();
    if ((!down && !right) || event.shiftKey) return;
    // inside a number left and right move the caret; at its ends, or when it is selected, they leave the cell
    if (!isAllSelected && ((right < 0 && start > 0) || (right > 0 && end < cell.value.length))) return;
    event.preventDefault();
    const [y, x] = placeOf(cell);
    if (weights[y + down]?.[x + right] === undefined) return;
    cellViews()[(y + down) * weights[0].length + x + right].focus();
  });

  // --- the other controls -------------------------------------------------------------------------------------------

  /** @type {Map<string, HTMLOptGroupElement>} */
  const groups = new Map();
  filters.forEach(({ name, group: label }, index) => {
    if (!groups.has(label)) groups.set(label, Object.assign(make('optgroup'), { label }));
    groups.get(label)?.append(new Option(name, String(index)));
  });
  find('.preset').append(...groups.values(), new Option(t('Random'), RANDOM), new Option(t('Your own'), OWN));
  for (const side of sides) {
    find('.rows').append(new Option(String(side)));
    find('.columns').append(new Option(String(side)));
  }
  find('.preset').addEventListener('change', () => {
    const { value } = find('.preset');
    if (value === RANDOM) drawRandom();
    else if (value === OWN) describe(OWN);
    else choose(Number(value));
  });
  find('.rows').addEventListener('change', resize);
  find('.columns').addEventListener('change', resize);
  find('.seed').addEventListener('input', drawRandom);
  find('.another').addEventListener('click', () => {
    find('.seed').value = Math.floor(Math.random() * 1000);
    drawRandom();
  });
  find('.middle').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());

  return { fill, choose, whatIsWrong, getWeights: () => weights };
}
