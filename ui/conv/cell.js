// How one number came about: the arithmetic of a cell, and of those it becomes in the layers behind it.

let inputMap = null;   // which input map of a convolution is shown; null: the one that counts most

const bracket = (value) => (value < 0 ? `(${digits(value)})` : digits(value));
const strong = (value) => make('b', digits(value));

function line(...parts) {
  const made = make('p', undefined, 'line');
  made.append(...parts);
  return made;
}

function numbers(rows, caption, dashed) {  // a small grid of numbers, coloured by their share of the largest
  const figure = make('figure', undefined, 'numbers');
  const grid = make('div', undefined, 'grid');
  const largest = Math.max(...rows.flat().map(Math.abs)) || 1;
  grid.style.gridTemplateColumns = `repeat(${rows[0].length}, auto)`;
  grid.append(...rows.flatMap((row, y) => row.map((value, x) => {
    const cell = make('i', digits(value), value < 0 ? 'below' : 'above');
    cell.style.setProperty('--part', Math.abs(value) / largest);
    if (dashed && dashed[y][x]) { cell.className = 'pad'; cell.title = 'padding: outside of the map, counted as 0'; }
    return cell;
  })));
  figure.append(grid, make('figcaption', caption));
  return figure;
}

// --- a sentence for each kind -------------------------------------------------------------------------------------

const RULES = {
  Conv2d({ work: { sums, bias } }) {
    const shown = sums.length > 6 ? [...sums.slice(0, 3), null, ...sums.slice(-2)] : sums;
    const terms = shown.map((value) => (value === null ? '…' : bracket(value))).join(' + ');
    return `${terms}${bias === null ? '' : ` + bias ${bracket(bias)}`}`;
  },
  BatchNorm2d({ work: { x, mean, variance, eps, weight, bias } }) {
    return `(${digits(x)} − ${bracket(mean)}) / √(${digits(variance)} + ${eps.toFixed(5)}) × ${bracket(weight)} + ${bracket(bias)}`;
  },
  ReLU({ work: { x } }) { return `max(0, ${digits(x)})`; },
  MaxPool2d({ work: { patch } }) { return `max(${patch.flat().map(digits).join(', ')})`; },
  add({ work: { x, y } }) { return `${digits(x)} + ${bracket(y)}`; },
  amax({ work: { values: map } }) { return `max of ${map.length} × ${map[0].length} numbers`; },
  Linear({ work: { largest, rest, others, bias } }) {
    return `${largest.slice(0, 3).map(([, , , product]) => bracket(product)).join(' + ')} + … (${largest.length + others} products, the last ${others} are ${bracket(rest)}) + bias ${bracket(bias)}`;
  },
};
const SAID = {
  BatchNorm2d: '(x − mean) / √(variance + eps) × weight + bias',
  ReLU: 'max(0, x)',
  MaxPool2d: 'the largest of the block',
  add: 'x + y',
};

function step(cell) {  // one line: name, what is computed, the number
  const row = make('li');
  row.append(make('b', `${cell.kind === 'add' ? 'Addition' : cell.kind} `), make('small', `${cell.layer}, ${SAID[cell.kind] || ''}`),
    line(`${RULES[cell.kind](cell)} = `, strong(cell.value)));
  return row;
}

// --- a convolution ------------------------------------------------------------------------------------------------

function convolution(cell) {
  const { patch, padding, kernel, sums, bias } = cell.work;
  const count = sums.length;
  const strongest = sums.reduce((best, value, i) => (Math.abs(value) > Math.abs(sums[best]) ? i : best), 0);
  let now = inputMap !== null && inputMap < count ? inputMap : strongest;
  const view = make('div', undefined, 'convolution');
  const bar = make('div', undefined, 'bar');
  const equation = make('div', undefined, 'equation');
  const bars = make('div', undefined, 'sums');
  const select = make('select');
  const show = () => {
    const products = patch[now].map((row, y) => row.map((value, x) => value * kernel[now][y][x]));
    equation.replaceChildren(
      numbers(patch[now], padding.flat().some(Boolean) ? 'patch (dashed: padding)' : 'patch', padding), make('span', '×', 'sign'),
      numbers(kernel[now], 'kernel'), make('span', '=', 'sign'), numbers(products, 'products'));
    const sum = line('Sum of the nine products: ', strong(sums[now]));
    sum.classList.add('of-nine');
    equation.append(sum);
    [...bars.children].forEach((one, i) => one.classList.toggle('on', i === now));
    select.value = String(now);
  };
  const to = (next) => { now = (next + count) % count; inputMap = now; show(); };
  select.append(...sums.map((_, i) => new Option(`input map ${i}`, String(i))));
  select.setAttribute('aria-label', 'Input map');
  select.addEventListener('change', () => to(Number(select.value)));
  const back = make('button', '◀', 'button');
  const forth = make('button', '▶', 'button');
  back.setAttribute('aria-label', 'Previous input map');
  forth.setAttribute('aria-label', 'Next input map');
  [back, forth].forEach((one) => { one.type = 'button'; });
  back.addEventListener('click', () => to(now - 1));
  forth.addEventListener('click', () => to(now + 1));
  if (count > 1) bar.append(back, select, forth, make('span', `of ${count}. This one adds most.`, 'quiet'));
  const says = () => { const quiet = bar.querySelector('.quiet'); if (quiet) quiet.textContent = `of ${count}${now === strongest ? '. This one counts most.' : '.'}`; };
  const largest = Math.max(...sums.map(Math.abs)) || 1;
  if (count > 1) {
    bars.append(...sums.map((value, i) => {
      const one = make('span', undefined, value < 0 ? 'below' : 'above');
      one.title = `input map ${i}: ${digits(value)}`;
      one.style.setProperty('--part', Math.abs(value) / largest);
      one.append(make('i'));
      one.addEventListener('click', () => { to(i); says(); });
      return one;
    }));
    bars.setAttribute('aria-hidden', 'true');
  }
  [back, forth].forEach((one) => one.addEventListener('click', says));
  select.addEventListener('change', says);
  show();
  says();
  view.append(bar, equation);
  if (count > 1) view.append(make('p', `Each of the ${count} input maps gives one such sum. The bars show them. Together:`, 'quiet'), bars);
  if (count > 1 || bias !== null) view.append(line(`${RULES.Conv2d(cell)} = `, strong(cell.value)));
  if (bias === null) view.append(make('p', 'This layer has no bias: the BatchNorm2d behind it has one.', 'quiet'));
  if (cell.layer === 'stem.0' && padding.flat().some(Boolean)) {
    view.append(make('p', 'The padding is 0 in normalised numbers. That is a dark grey, not black.', 'quiet'));
  }
  return view;
}

function linear(cell) {
  const { largest, rest, others, bias } = cell.work;
  const table = make('table', undefined, 'products');
  const head = make('tr');
  head.append(...['input', 'value', 'weight', 'product'].map((words) => make('th', words)));
  const rows = largest.map(([n, x, weight, product]) => {
    const row = make('tr');
    row.append(...[`map ${n}`, digits(x), digits(weight), digits(product)].map((words) => make('td', words)));
    return row;
  });
  const tail = [[`the other ${others}`, rest], ['bias', bias], ['sum: the logit', cell.value]].map(([words, value], i) => {
    const row = make('tr', undefined, i === 2 ? 'total' : '');
    const name = make('td', words);
    name.colSpan = 3;
    row.append(name, make('td', digits(value)));
    return row;
  });
  table.append(head, ...rows, ...tail);
  const view = make('div', undefined, 'scroll');
  view.append(table);
  return view;
}

// --- together -----------------------------------------------------------------------------------------------------

function body(cell) {
  if (cell.kind === 'Conv2d') return [convolution(cell)];
  if (cell.kind === 'Linear') return [linear(cell)];
  const said = SAID[cell.kind] ? [make('p', SAID[cell.kind], 'quiet')] : [];
  const sum = line(`${RULES[cell.kind](cell)} = `, strong(cell.value));
  if (cell.kind === 'MaxPool2d') return [numbers(cell.work.patch, 'the block of the map before'), sum];
  if (cell.kind === 'amax') return [numbers(cell.work.values, `the largest is in row ${cell.work.row}, column ${cell.work.column}`), sum];
  if (cell.kind === 'add') said[0].textContent = `x is from ${cell.work.names[0]}, y from ${cell.work.names[1]}`;
  return [...said, sum];
}

function showCell(cell) {
  const view = find('.cell');
  const place = net.layers[layer].shape.length === 3 ? `Map ${cell.channel}, row ${cell.row}, column ${cell.column}` : `Number ${cell.channel}`;
  const head = make('h4', `${place}: `);
  head.append(strong(cell.value));
  view.replaceChildren(head, ...body(cell));
  if (cell.rounded !== '') {
    view.append(make('p', `Computed with more digits this is ${digits(cell.rounded)}. The network computes in float32, so the last digits may differ.`, 'quiet'));
  }
  if (cell.left_out) view.append(make('p', 'The pooling layer behind this one leaves this row or column out: an odd size has no partner for it.', 'quiet'));
  if (cell.after.length) {
    const list = make('ol', undefined, 'after');
    list.append(...cell.after.map(step));
    view.append(make('h4', 'What becomes of it in the next layers'), list);
  }
  find('.live').textContent = `${place}: ${digits(cell.value)}. ${find('.sees').textContent}`;
}

// --- listening ----------------------------------------------------------------------------------------------------

const map = find('canvas.map');
function under(event) {
  const at = map.getBoundingClientRect();
  const [height, width] = [values.length, values[0].length];
  return [Math.floor(((event.clientY - at.top) / at.height) * height), Math.floor(((event.clientX - at.left) / at.width) * width)]
    .map((place, axis) => Math.min([height, width][axis] - 1, Math.max(0, place)));
}
function rest() {  // the cell that is pointed at is explained once the pointer lies still
  clearTimeout(resting);
  resting = setTimeout(() => { if (pointed && String(pointed) !== String(chosen)) choose(...pointed); }, REST);
}
map.addEventListener('pointermove', (event) => {
  if (!values) return;
  pointed = under(event);
  showPlace();
  rest();
});
map.addEventListener('pointerleave', () => {
  clearTimeout(resting);
  pointed = null;
  if (values) showPlace();
});
map.addEventListener('click', (event) => { if (values) choose(...under(event)); });
map.addEventListener('keydown', (event) => {
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!move || !values) return;
  event.preventDefault();
  const from = pointed || chosen;
  const most = [values.length - 1, values[0].length - 1];
  pointed = from.map((place, axis) => Math.min(most[axis], Math.max(0, place + move[axis])));
  showPlace();
  rest();
});
map.addEventListener('blur', () => { if (pointed) { choose(...pointed); pointed = null; } });
find('.others').addEventListener('click', () => bring(seed + 1));
find('.less').addEventListener('click', () => open(layer, Math.max(0, first - 32)));
find('.more').addEventListener('click', () => open(layer, first + 32));
element.querySelectorAll('[data-show]').forEach((one) => one.addEventListener('click', () => {
  showing = one.dataset.show;
  if (opening) return;
  showSource(net.layers[layer]);
  showShelf();
}));
find('.source select').addEventListener('change', showShelf);
let stripWidth = 0;
new ResizeObserver(() => {
  if (net && find('.list').clientWidth !== stripWidth) { stripWidth = find('.list').clientWidth; showStrips(); }
}).observe(find('.list'));
// nothing is asked for a part of the page that nobody looks at
new IntersectionObserver(([entry]) => {
  if (!entry.isIntersecting) return;
  if (!samples.length) bring(seed);
  look();
}).observe(element);

function take() {
  const value = props.value;
  if (!value) return;
  if (value.problem) return say(value.problem);
  if (!value.pixels) return;
  say('');
  if (mine && mine.pixels === value.pixels) return;  // an example that was chosen since then stays
  mine = { pixels: value.pixels, note: value.note, name: 'your picture' };
  showTiles();
  use(mine);
}
watch('value', take);
take();
