// The window over a small input: which cells and weights make an output cell, and which outputs an input cell reaches.

import { makeNumberCell } from '../kit/controls.js';
import { finder, make } from '../kit/dom.js';
import { arrow, within } from '../kit/grid.js';
import { t, tn } from '../kit/language.js';
import { bracketed, minus, rounded } from '../kit/numbers.js';

/**
 * The numbers of `models/window.py`. `rows[o]` lists the pairs [input row, kernel row] that output row o reads, `columns`
 * likewise; rows outside of the input are padding.
 *
 * @typedef {{ input: number[][], kernel: number[][], bias: number, output: (number | null)[][], rows: Tap[][], columns: Tap[][],
 *   winners: ([number, number] | null)[][], divisor: number, lead: string }} Numbers
 * @typedef {[number, number]} Tap
 */
/** @typedef {{ note: string }} Note why there is nothing to draw */
/** @typedef {{ term: string, between: string, whole: string, has_padding: boolean }} CellSum how to write out one output cell */
/** @typedef {{ view: HTMLElement, y: number, x: number, isPadding: boolean }} Cell counted from the first cell that is not padding */

const NARROW = 16;   // with more columns the cells are smaller
const MARKS = ['read', 'now', 'reached', 'hole', 'winner'];
const text = (/** @type {number | null} */ value) => (value === null ? '−∞' : rounded(value));   // JSON has no infinity
const factor = (/** @type {number} */ value) => bracketed(minus(value));

/**
 * @param {HTMLElement} view
 * @param {{ rows: number, columns: number, top?: number, left?: number, values: (number | null)[][] }} grid how many cells,
 *   how many of them are padding before the values, and the values
 * @returns {Cell[]} row by row
 */
function drawCells(view, { rows, columns, top = 0, left = 0, values }) {
  view.style.gridTemplateColumns = `repeat(${columns}, var(--cell))`;
  view.style.setProperty('--cell', columns > NARROW ? '26px' : '34px');
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - top, (i % columns) - left];
    const value = values[y]?.[x];
    const isPadding = value === undefined;
    return { view: makeNumberCell(isPadding ? '0' : text(value), isPadding), y, x, isPadding };
  });
  view.replaceChildren(...cells.map((cell) => cell.view));
  return cells;
}

/**
 * @param {HTMLElement} element the `section.window`
 * @returns {(numbers: Numbers | Note | null, hasBias: boolean, cellSum: CellSum) => void} shows the window over other numbers
 */
export function makeWindow(element) {
  const find = finder(element);
  const [inputView, outputView] = [find('.input'), find('.output')];

  /** @type {Numbers} */
  let numbers;
  /** @type {CellSum} */
  let cellSum;
  let hasBias = false;
  /** @type {Cell[]} */
  let inputs = [];
  /** @type {Cell[]} */
  let outputs = [];
  let inputColumns = 1;
  let at = 0;         // index of the output cell in sight
  let pointed = 0;    // index of the input cell that the arrow keys chose
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const width = () => numbers.output[0].length;

  /** The pairs of input cell and weight that an output cell reads. @param {number} index */
  function reads(index) {
    const [down, across] = [numbers.rows[Math.floor(index / width())], numbers.columns[index % width()]];
    return down.flatMap(([y, ky]) => across.map(([x, kx]) => ({ y, x, ky, kx })));
  }

  const inputAt = (/** @type {number} */ y, /** @type {number} */ x) => inputs.find((cell) => cell.y === y && cell.x === x);

  function unmark() {
    for (const { view } of [...inputs, ...outputs]) {
      view.classList.remove(...MARKS);
      view.querySelector('sub')?.remove();
    }
  }

  /** The cells between those that a dilated window reads. @param {{ y: number, x: number }[]} pairs */
  function markHoles(pairs) {
    const [ys, xs] = [pairs.map(({ y }) => y), pairs.map(({ x }) => x)];
    const isBetween = (/** @type {number} */ value, /** @type {number[]} */ list) => value >= Math.min(...list) && value <= Math.max(...list);
    for (const { view, y, x } of inputs) {
      if (isBetween(y, ys) && isBetween(x, xs) && !view.classList.contains('read')) view.classList.add('hole');
    }
  }

  function showOutput() {
    const { kernel, bias, output, divisor, winners } = numbers;
    const [row, column] = [Math.floor(at / width()), at % width()];
    unmark();
    const pairs = reads(at);
    const terms = [];
    for (const { y, x, ky, kx } of pairs) {
      const cell = inputAt(y, x);
      const isOutside = !cell || cell.isPadding;
      if (cell) {
        cell.view.classList.add('read');
        if (kernel.length) cell.view.append(make('sub', text(kernel[ky][kx])));
      }
      if (isOutside && !cellSum.has_padding) continue;
      const value = isOutside ? 0 : numbers.input[y][x];
      terms.push(cellSum.term.replace('{value}', factor(value)).replace('{weight}', factor(kernel[ky]?.[kx])));
    }
    markHoles(pairs);
    outputs[at].view.classList.add('now');
    const winner = winners.length ? winners[row][column] : null;
    if (winner) inputAt(...winner)?.view.classList.add('winner');
    const sum = terms.join(cellSum.between) || (kernel.length ? '0' : '');
    const whole = cellSum.whole.replace('{terms}', sum).replace('{divisor}', String(divisor));
    find('.sum').textContent = `output[${row}, ${column}] = ${whole}${hasBias ? ` + bias ${factor(bias)}` : ''} = `;
    find('.sum').append(make('b', text(output[row][column])));
  }

  /** @param {Cell} cell of the input */
  function showReached(cell) {
    unmark();
    cell.view.classList.add('now');
    const reached = outputs.filter((_, index) => reads(index).some(({ y, x }) => y === cell.y && x === cell.x));
    for (const { view } of reached) view.classList.add('reached');
    const name = cell.isPadding ? t('padding cell') : `input[${cell.y}, ${cell.x}] = ${text(numbers.input[cell.y][cell.x])}`;
    find('.sum').textContent = tn(
      '{cell} reaches {n} output cell, marked violet.', '{cell} reaches {n} output cells, marked violet.', reached.length, { cell: name },
    );
  }

  // --- playing ------------------------------------------------------------------------------------------------------

  function stop() {
    clearTimeout(timer);
    timer = undefined;
    find('.play').textContent = t('Play');
    find('.sum').setAttribute('aria-live', 'polite');
  }

  function play() {
    find('.play').textContent = t('Pause');
    find('.sum').setAttribute('aria-live', 'off');  // nobody can listen that fast
    const tick = () => {
      if (!element.isConnected || element.hidden) return stop();
      if (element.offsetParent !== null) advance(1);
      timer = setTimeout(tick, 1000 / Number(find('.speed input').value));
    };
    timer = setTimeout(tick, 0);
  }

  /** @param {number} by how many output cells */
  function advance(by) {
    at = (at + by + outputs.length) % outputs.length;
    showOutput();
  }

  find('.back').addEventListener('click', () => { stop(); advance(-1); });
  find('.forth').addEventListener('click', () => { stop(); advance(1); });
  find('.play').addEventListener('click', () => (timer === undefined ? play() : stop()));

  // --- pointing -----------------------------------------------------------------------------------------------------

  /** @param {Cell[]} cells @param {Event} event the index of the cell that it is about, or -1 */
  const indexOf = (cells, event) => cells.findIndex(({ view }) => view === /** @type {Element} */ (event.target).closest('i'));

  for (const name of ['pointermove', 'pointerdown']) {
    outputView.addEventListener(name, (/** @type {Event} */ event) => {
      const index = indexOf(outputs, event);
      if (index < 0) return;
      stop();
      if (index === at && name === 'pointermove') return;
      at = index;
      showOutput();
    });
    inputView.addEventListener(name, (/** @type {Event} */ event) => {
      const index = indexOf(inputs, event);
      if (index < 0) return;
      stop();
      showReached(inputs[index]);
    });
  }
  inputView.addEventListener('pointerleave', (/** @type {PointerEvent} */ event) => { if (event.pointerType === 'mouse') showOutput(); });

  /** @param {HTMLElement} view @param {(step: [number, number]) => void} move */
  function onArrow(view, move) {
    view.addEventListener('keydown', (event) => {
      const step = arrow(event);
      if (!step) return;
      event.preventDefault();
      stop();
      move(step);
    });
  }
  /** @param {number} index @param {number} columns @param {number} count @param {[number, number]} step */
  function moved(index, columns, count, [down, right]) {
    const [row, column] = within([Math.floor(index / columns) + down, (index % columns) + right], [count / columns, columns]);
    return row * columns + column;
  }
  onArrow(outputView, (step) => {
    at = moved(at, width(), outputs.length, step);
    showOutput();
  });
  onArrow(inputView, (step) => {
    pointed = moved(Math.min(pointed, inputs.length - 1), inputColumns, inputs.length, step);
    showReached(inputs[pointed]);
  });

  // --- other numbers ------------------------------------------------------------------------------------------------

  /** How many rows or columns of padding lie before and behind the input. @param {Tap[][]} taps @param {number} size */
  function paddingOf(taps, size) {
    const places = taps.flat().map(([place]) => place);
    return [Math.max(0, -Math.min(0, ...places)), Math.max(0, Math.max(0, ...places) - size + 1)];
  }

  function drawGrids() {
    const { input, kernel, output, rows, columns } = numbers;
    const [top, bottom] = paddingOf(rows, input.length);
    const [left, right] = paddingOf(columns, input[0].length);
    inputColumns = input[0].length + left + right;
    inputs = drawCells(inputView, { rows: input.length + top + bottom, columns: inputColumns, top, left, values: input });
    outputs = drawCells(outputView, { rows: output.length, columns: output[0].length, values: output });
    find('.middle').hidden = !kernel.length;
    if (kernel.length) drawCells(find('.kernel'), { rows: kernel.length, columns: kernel[0].length, values: kernel });
    const hasPadding = top + left + bottom + right > 0;
    const size = `${input.length} × ${input[0].length}`;
    find('.input-name').textContent = hasPadding ? t('Input {size}, dashed: padding', { size }) : t('Input {size}', { size });
    find('.output-name').textContent = t('Output {size}', { size: `${output.length} × ${output[0].length}` });
    inputView.setAttribute('aria-label', t('Input: the arrow keys choose a cell and show which outputs it reaches.'));
    outputView.setAttribute('aria-label', t('Output: the arrow keys choose a cell and show what made it.'));
  }

  return (next, withBias, sum) => {
    element.hidden = !next;
    const note = next && 'note' in next ? next.note : '';
    find('.lead').textContent = note || (next && 'lead' in next ? next.lead : '');
    find('.grids').hidden = find('.bar').hidden = find('.sum').hidden = Boolean(note);
    if (!next || 'note' in next) return stop();
    [numbers, hasBias, cellSum] = [next, withBias, sum];
    drawGrids();
    at = Math.min(at, outputs.length - 1);
    showOutput();
    return undefined;
  };
}
