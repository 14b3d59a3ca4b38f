// A grid of numbers to paint in with mouse, finger or keyboard.

import { closest, findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';

const SOON = 1500;   // ms within which digits form one number
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const textOf = (number) => (Number.isInteger(number) && number < 1e9 ? String(number) : String(Number(number.toPrecision(3))).replace('e+', 'e'));

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, constants }) {
  /** @type {[number, number]} */
  let place = [0, 0];      // of the cell that the Tab key reaches
  let paint = null;        // the number that the pen puts down while it moves
  let typed = '';
  let typedAt = 0;

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
  element.replaceChildren(board);

  function show() {
    const brightest = Math.max(...props.value.flat());
    findAll(element, '.cell').forEach((cell) => {
      const [r, c] = placeOf(cell);
      const number = props.value[r][c];
      const share = brightest > 0 ? number / brightest : 0;
      const text = textOf(number);
      cell.tabIndex = r === place[0] && c === place[1] ? 0 : -1;
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

  element.addEventListener('pointerdown', (event) => {
    const cell = closest(event, '.cell');
    if (!cell || event.button !== 0) return;
    event.preventDefault();
    const [r, c] = placeOf(cell);
    paint = props.value[r][c] === props.brush ? 0 : props.brush;
    typed = '';
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
    let [r, c] = placeOf(cell);
    const now = props.value[r][c];
    const digit = /^[0-9]$/.test(event.key);
    if (!digit && event.key !== 'Backspace') typed = '';
    if (event.key in MOVES) {
      r = Math.min(rows - 1, Math.max(0, r + MOVES[event.key][0]));
      c = Math.min(columns - 1, Math.max(0, c + MOVES[event.key][1]));
    } else if (event.key === 'Home') c = 0;
    else if (event.key === 'End') c = columns - 1;
    else if (event.key === ' ' || event.key === 'Enter') put([r, c], now === props.brush ? 0 : props.brush);
    else if (event.key === '+' || event.key === '=') put([r, c], now + props.brush / 10);
    else if (event.key === '-') put([r, c], now - props.brush / 10);
    else if (event.key === 'Delete') put([r, c], 0);
    else if (event.key === 'Backspace') {
      typed = typed.slice(0, -1);
      put([r, c], Number(typed));
    } else if (digit) {
      typed = (event.timeStamp - typedAt < SOON ? typed : '') + event.key;
      typedAt = event.timeStamp;
      put([r, c], Number(typed));
    } else return;
    event.preventDefault();
    goTo([r, c]);
  });

  element.addEventListener('focusin', (event) => {
    const cell = closest(event, '.cell');
    if (cell && placeOf(cell).join() !== place.join()) {
      typed = '';
      goTo(placeOf(cell), false);
    }
  });

  watch('value', show);
  show();
}
