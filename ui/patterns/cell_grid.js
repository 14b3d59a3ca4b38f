// A grid of numbers to paint in with mouse, finger or keyboard.

import { closest, findAll, finder, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';
import { readNumber, whyNoNumber } from '../kit/read_number.js';

const SOON = 1500;   // ms within which keys form one number
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const KEYS = [...Object.keys(MOVES), 'Home', 'End', ' ', 'Enter', '+', '=', '-', 'Delete'];

const textOf = (number) => (Number.isInteger(number) && number < 1e9 ? String(number) : String(Number(number.toPrecision(3))).replace('e+', 'e'));

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, constants }) {
  /** @type {[number, number]} */
  let place = [0, 0];      // of the cell that the Tab key reaches
  let paint = null;        // the number that the pen puts down while it moves
  let typed = '';          // so far, into the cell at `place`
  let before = 0;          // its number until then
  let timer = 0;           // ends the number

  const find = finder(element);
  const cellAt = ([r, c]) => find(`.cell[data-row="${r}"][data-column="${c}"]`);
  /** @returns {[number, number]} */
  const placeOf = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];

  const part = (className, attributes) => {
    const node = make('div', null, className);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const [rows, columns] = [props.value.length, props.value[0].length];
  const board = part('board', { role: 'grid', 'aria-label': constants.name, 'aria-rowcount': rows, 'aria-colcount': columns });
  board.append(...props.value.map((row, r) => {
    const line = part('line', { role: 'row', 'aria-rowindex': r + 1 });
    line.append(...row.map((_, c) => {
      const cell = part('cell', { role: 'gridcell', 'aria-colindex': c + 1, 'data-row': r, 'data-column': c });
      const text = make('span');
      text.setAttribute('aria-hidden', 'true');
      cell.append(text);
      return cell;
    }));
    return line;
  }));
  const problem = make('p', null, 'problem');
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
  element.replaceChildren(board, problem);

  function show() {
    const brightest = Math.max(...props.value.flat());
    findAll(element, '.cell').forEach((cell) => {
      const [r, c] = placeOf(cell);
      const number = props.value[r][c];
      const share = brightest > 0 ? number / brightest : 0;
      const isHere = r === place[0] && c === place[1];
      const text = isHere && typed ? typed : textOf(number);
      cell.tabIndex = isHere ? 0 : -1;
      cell.dataset.size = text.length > 6 ? 'long' : text.length > 4 ? 'middle' : 'short';
      cell.dataset.bright = share > 0.6;
      cell.style.setProperty('--share', share);
      cell.setAttribute('aria-label', t('row {row}, column {column}: {value}', { row: r + 1, column: c + 1, value: text }));
      cell.firstChild.textContent = text;
    });
  }

  function put([r, c], number) {
    const clipped = Math.min(constants.most, Math.max(0, number));
    if (props.value[r][c] === clipped) return;
    // a new array: Gradio does not see a change inside the old one
    props.value = props.value.map((row, i) => row.map((old, j) => (i === r && j === c ? clipped : old)));
    show();
  }

  function goTo(next, focus = true) {
    place = next;
    show();
    if (focus) cellAt(place).focus({ preventScroll: true });
  }

  // --- a number from keys --------------------------------------------------------------------------------------------

  const fits = (number) => number <= constants.most;

  /** A key that continues the number, or begins one. @param {string} key */
  function type(key) {
    if (!typed) before = props.value[place[0]][place[1]];
    change(typed + key);
  }

  /** @param {string} text */
  function change(text) {
    clearTimeout(timer);
    timer = window.setTimeout(finish, SOON);
    typed = text;
    showSentence(problem, '');
    const number = typed ? readNumber(typed) : 0;
    if (fits(number)) put(place, number);   // while it is half typed it may be none
    show();
  }

  /** Takes the number, or says why it is none, and puts the one before back. */
  function finish() {
    clearTimeout(timer);
    if (!typed) return;
    const text = typed;
    typed = '';
    const isTooLarge = readNumber(text) > constants.most;
    const sentence = isTooLarge ? t('“{text}” is more than a cell takes: at most {most}.', { text, most: count(constants.most) }) : whyNoNumber(text);
    showSentence(problem, sentence);
    if (sentence) put(place, before);
    show();
  }

  /** Whether a key belongs to a number. @param {string} key */
  const belongs = (key) => /^[0-9.,]$/.test(key) || (typed !== '' && /^e$/i.test(key)) || (/e$/i.test(typed) && /^[-+−]$/.test(key));

  // --- listening ----------------------------------------------------------------------------------------------------

  element.addEventListener('pointerdown', (event) => {
    const cell = closest(event, '.cell');
    if (!cell || event.button !== 0) return;
    event.preventDefault();
    finish();
    const [r, c] = placeOf(cell);
    paint = props.value[r][c] === props.brush ? 0 : props.brush;
    // otherwise a finger's events keep going to the cell where it came down
    element.setPointerCapture(event.pointerId);
    put([r, c], paint);
    goTo([r, c]);
  });

  element.addEventListener('pointermove', (event) => {
    if (paint === null) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of between.length ? between : [event]) {
      const cell = document.elementFromPoint(clientX, clientY)?.closest('.cell');
      if (cell && element.contains(cell)) put(placeOf(cell), paint);
    }
  });

  for (const end of ['pointerup', 'pointercancel']) element.addEventListener(end, () => { paint = null; });

  element.addEventListener('keydown', (event) => {
    const cell = closest(event, '.cell');
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (belongs(event.key) || event.key === 'Backspace') {
      event.preventDefault();
      if (event.key === 'Backspace') change(typed.slice(0, -1));
      else type(event.key);
      return;
    }
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    finish();
    let [r, c] = placeOf(cell);
    const now = props.value[r][c];
    if (event.key in MOVES) {
      r = Math.min(rows - 1, Math.max(0, r + MOVES[event.key][0]));
      c = Math.min(columns - 1, Math.max(0, c + MOVES[event.key][1]));
    } else if (event.key === 'Home') c = 0;
    else if (event.key === 'End') c = columns - 1;
    else if (event.key === ' ' || event.key === 'Enter') put([r, c], now === props.brush ? 0 : props.brush);
    else if (event.key === '+' || event.key === '=') put([r, c], now + props.brush / 10);
    else if (event.key === '-') put([r, c], now - props.brush / 10);
    else put([r, c], 0);
    goTo([r, c]);
  });

  element.addEventListener('focusin', (event) => {
    const cell = closest(event, '.cell');
    if (cell && placeOf(cell).join() !== place.join()) {
      finish();
      goTo(placeOf(cell), false);
    }
  });
  element.addEventListener('focusout', finish);

  watch('value', show);
  show();
}
