// The confusion matrix of a run, its most frequent mistakes, and the pictures behind a cell.

import { closest, findAll, finder, make } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { count, percent } from '../kit/numbers.js';
import { showSamples, sure } from './results_pictures.js';

/**
 * @typedef {import('./results_data.js').Mistakes} Mistakes
 * @typedef {{ confusion: number[][], wrong: Mistakes[], classes: string[], part: 'test' | 'validation', epoch: number }} Table
 * @typedef {[label: number, answer: number]} Cell
 */

const MOST_FREQUENT = 6;   // in the list of mistakes
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };

const sum = (/** @type {number[]} */ numbers) => numbers.reduce((total, number) => total + number, 0);

/** @param {HTMLElement} element @param {import('./results_pictures.js').PaintSamples} paintSamples */
export function createConfusion(element, paintSamples) {
  const find = finder(element);
  /** @type {Table | null} */
  let table = null;
  /** @type {Cell} */
  let place = [0, 0];    // of the cell that the Tab key reaches
  /** @type {Cell | null} */
  let opened = null;     // the cell whose pictures are shown

  const nameOf = (/** @type {number} */ label) => table.classes[label] ?? t('class {number}', { number: label });
  const boxAt = (/** @type {Cell} */ [row, column]) => find(`.matrix [data-place="${row},${column}"]`);

  // --- the matrix

  /** @param {number} size */
  function layMatrix(size) {
    const grid = make('table');
    grid.setAttribute('role', 'grid');
    grid.setAttribute('aria-label', t('Confusion matrix. The arrow keys move, Enter shows the pictures of a cell.'));
    const head = grid.createTHead().insertRow();
    head.append(make('td', '', 'corner'));
    const body = grid.createTBody();
    for (let i = 0; i < size; i += 1) {
      const top = Object.assign(make('th'), { scope: 'col' });
      top.append(make('span'));
      head.append(top);
      const line = body.insertRow();
      line.append(Object.assign(make('th'), { scope: 'row' }));
      for (let k = 0; k < size; k += 1) {
        const box = Object.assign(make('td'), { tabIndex: -1 });
        box.dataset.place = `${i},${k}`;
        box.setAttribute('role', 'gridcell');
        line.append(box);
      }
    }
    place = [0, 0];
    grid.rows[1].cells[1].tabIndex = 0;
    find('.matrix').replaceChildren(grid);
  }

  function showMatrix() {
    const { confusion, part, epoch } = table;
    if (findAll(element, '.matrix tbody tr').length !== confusion.length) layMatrix(confusion.length);
    const right = sum(confusion.map((row, i) => row[i]));
    const all = sum(confusion.flat());
    const figures = { right: count(right), all: count(all), share: percent(right / all), epoch };
    const result = part === 'test' ? t('Test set, at the end of the run: {right} of {all} pictures right, {share}.', figures)
      : t('Validation set after epoch {epoch}: {right} of {all} pictures right, {share}.', figures);
    find('.set').textContent = [result, t('A row for each true class, a column for each answer. Choose a cell to see its mistakes.')].join(' ');
    const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, k) => k !== i)));
    const { rows } = find('.matrix table');
    confusion.forEach((row, i) => {
      const samples = sum(row);
      rows[i + 1].cells[0].textContent = table.classes[i] ?? String(i);
      rows[0].cells[i + 1].firstElementChild.textContent = table.classes[i] ?? String(i);
      row.forEach((number, k) => {
        const box = rows[i + 1].cells[k + 1];
        box.textContent = number || '·';
        box.className = i === k ? 'right' : number ? 'wrong' : 'none';
        box.style.setProperty('--part', i === k ? (samples ? number / samples : 0) : Math.sqrt(number / most));
        box.title = titleOf(number, samples, { label: nameOf(i), answer: nameOf(k) });
        box.setAttribute('aria-label', box.title);
        box.setAttribute('aria-selected', String(opened?.[0] === i && opened?.[1] === k));
      });
    });
  }

  /** @param {number} number @param {number} samples of the true class @param {{ label: string, answer: string }} names */
  function titleOf(number, samples, names) {
    if (!samples) return tn('{n} picture of {label} answered as {answer}', '{n} pictures of {label} answered as {answer}', number, names);
    return tn('{n} picture of {label} answered as {answer}, {share} of {samples}', '{n} pictures of {label} answered as {answer}, {share} of {samples}', number,
      { ...names, share: percent(number / samples), samples: count(samples) });
  }

  /** @param {Cell} next */
  function move(next) {
    boxAt(place).tabIndex = -1;
    place = next;
    boxAt(place).tabIndex = 0;
    boxAt(place).focus({ preventScroll: true });
  }

  find('.matrix').addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const box = closest(event, '[data-place]');
    if (!box) return;
    move(box.dataset.place.split(',').map(Number));
    open(place);
  });
  find('.matrix').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = STEPS[event.key];
    if (step) move(/** @type {Cell} */ (place.map((at, n) => Math.min(table.confusion.length - 1, Math.max(0, at + step[n])))));
    else if (event.key === 'Enter' || event.key === ' ') open(place, true);
    else return;
    event.preventDefault();
  });

  // --- the mistakes

  function showFrequent() {
    const view = find('.frequent');
    const list = [...table.wrong].sort((a, b) => b.count - a.count).slice(0, MOST_FREQUENT);
    const focused = findAll(view, 'button').indexOf(document.activeElement);
    find('.side > h4').hidden = !list.length;
    view.replaceChildren(...list.map(({ label, answer, count: mistakes }) => {
      const button = Object.assign(make('button', undefined, 'pair-of'), { type: 'button' });
      button.style.setProperty('--part', String(mistakes / list[0].count));
      button.append(make('span', t('{label} taken for {answer}', { label: nameOf(label), answer: nameOf(answer) })), make('b', count(mistakes)));
      button.addEventListener('click', () => open([label, answer]));
      const item = make('li');
      item.append(button);
      return item;
    }));
    findAll(view, 'button')[focused]?.focus();
  }

  // --- the pictures of a cell

  /** @param {Cell} cell @param {boolean} [enter] whether the focus moves there */
  function open(cell, enter = false) {
    opened = cell;
    show();
    const title = find('.opened');
    if (enter) title.focus({ preventScroll: true });
    const { top, bottom } = title.getBoundingClientRect();
    if (top > window.innerHeight - 160 || bottom < 0) title.scrollIntoView({ block: 'start' });
  }

  function showOpened() {
    const [title, note, view] = ['.opened', '.side .note', '.of-cell'].map(find);
    title.hidden = note.hidden = !opened;
    if (!opened) { view.replaceChildren(); return; }
    const [label, answer] = opened;
    const number = table.confusion[label]?.[answer] ?? 0;
    const mistakes = table.wrong.find((other) => other.label === label && other.answer === answer);
    title.textContent = `${nameOf(label)} → ${nameOf(answer)}: ${count(number)}`;
    note.textContent = noteOn(label, answer, number, mistakes?.indices.length);
    const samples = label === answer || !mistakes ? [] : mistakes.indices.map((index, n) => ({ index, confidence: mistakes.confidence[n] }));
    paintSamples(showSamples(view, samples, ({ index, confidence }) => [['b', sure(confidence)], ['small', `#${count(index)}`]]),
      table.part, samples.map(({ index }) => index));
  }

  /** @param {number} label @param {number} answer @param {number} number @param {number} [pictures] how many are kept */
  function noteOn(label, answer, number, pictures) {
    const names = { label: nameOf(label), answer: nameOf(answer) };
    if (label === answer) {
      return tn('{n} picture of {label} was answered correctly. Only pictures of mistakes are kept.',
        '{n} pictures of {label} were answered correctly. Only pictures of mistakes are kept.', number, names);
    }
    if (!pictures) return t('No picture of {label} was taken for {answer}.', names);
    return pictures < number ? t('True class {label}, answer {answer}. The {pictures} surest of {number}.', { ...names, pictures, number: count(number) })
      : t('True class {label}, answer {answer}. The surest answers come first.', names);
  }

  function show() {
    showMatrix();
    showFrequent();
    showOpened();
  }

  return {
    /** @param {Table} next */
    show(next) {
      table = next;
      show();
    },
    /** For another run. */
    close() { opened = null; },
  };
}
