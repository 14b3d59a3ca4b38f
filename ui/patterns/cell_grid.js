// Listeners sit on the root: the cells are drawn again with every new value.
const rows = 4, columns = 4, most = 1e12;
let at = [0, 0], paint = null, typed = '', typedAt = 0;

const cellAt = (r, c) => element.querySelector(`.cell[data-row="${r}"][data-column="${c}"]`);
const placeOf = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];

function put([r, c], number) {
  number = Math.min(most, Math.max(0, number));
  if (props.value[r][c] === number) return;
  // a new array: a change inside the old one would go unseen
  props.value = props.value.map((row, i) => row.map((old, j) => (i === r && j === c ? number : old)));
}

function goTo(place, focus = true) {
  at = place;
  props.at = place;
  if (focus) cellAt(...place)?.focus({ preventScroll: true });
}

element.addEventListener('pointerdown', (event) => {
  const cell = event.target.closest('.cell');
  if (!cell || event.button !== 0) return;
  event.preventDefault();
  const [r, c] = placeOf(cell);
  paint = props.value[r][c] === props.brush ? 0 : props.brush;
  typed = '';
  // a finger's events otherwise keep going to the cell it came down on, which the next drawing replaces
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

const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

element.addEventListener('keydown', (event) => {
  const cell = event.target.closest('.cell');
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  let [r, c] = placeOf(cell);
  const now = props.value[r][c];
  const digit = /^[0-9]$/.test(event.key);
  if (!digit && event.key !== 'Backspace') typed = '';
  if (event.key in moves) {
    r = Math.min(rows - 1, Math.max(0, r + moves[event.key][0]));
    c = Math.min(columns - 1, Math.max(0, c + moves[event.key][1]));
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
    // digits typed one after the other make one number
    const soon = event.timeStamp - typedAt < 1500;
    typed = (soon ? typed : '') + event.key;
    typedAt = event.timeStamp;
    put([r, c], Number(typed));
  } else return;
  event.preventDefault();
  goTo([r, c]);
});

element.addEventListener('focusin', (event) => {
  const cell = event.target.closest('.cell');
  if (cell && placeOf(cell).join() !== at.join()) { typed = ''; goTo(placeOf(cell), false); }
});

// a new value from the server brings the server's place of the tab stop
watch('value', () => { if (props.at.join() !== at.join()) props.at = at; });
