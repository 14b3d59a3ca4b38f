// A picture, one kernel, and what the kernel makes of the picture.
//
// Value: {picture} makes that picture the input, {problem} is a sentence. `server.kernel(wish)` gives the rest, see
// `on_kernel` of kernel.py. Pointing asks nobody: the pixels and the output's numbers are here.

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const minus = (text) => text.replace(/-/g, '−');

function num(value, decimals = 4) {
  const size = Math.abs(value);
  if (size && (size < 0.5 / 10 ** decimals || size >= 1e6)) return minus(value.toExponential(2));
  return minus(String(Number(value.toFixed(size >= 1000 ? 1 : decimals))));
}
const short = (value) => {  // for a cell: five characters or so
  const size = Math.abs(value);
  if (size && size < 0.0005) return minus(value.toExponential(0));
  if (size >= 10000) return minus(value.toExponential(1).replace('e+', 'e'));
  return num(value, size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0);
};
const inBrackets = (value) => (value < 0 ? `(${num(value)})` : num(value));

const LOOKS = [['clip', 'clipped'], ['stretch', 'stretched'], ['sign', 'signed colours']];
const RANDOM = 'Random';
const OWN = 'Your own';
const copyOf = (rows) => rows.map((row) => [...row]);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

let shown = null;       // the last answer
let pixels = null;
let values = null;
let mine = null;        // the picture that came from Classify
let look = null;        // how the output is painted; null until the visitor chooses
let at = null;          // [row, column] of the output pixel in sight
let typed = null;       // the kernel in the cells; what is no number stays the text that was written
let asking = false;
let wanted = false;
const wish = {
  picture: null, kernel: copyOf(props.filters.find(({ name }) => name === props.opening).rows),
  stride: 1, padding: 0, flip: false,
};

// --- asking -----------------------------------------------------------------------------------------------------

async function ask(changes) {
  Object.assign(wish, changes);
  wanted = true;
  if (asking) return;   // keys are faster than the network: only the last wish counts
  asking = true;
  while (wanted) {
    wanted = false;
    let answer;
    try {
      answer = await server.kernel({ ...wish });
    } catch {
      answer = { problem: 'The server did not answer. Is it still running?' };
    }
    if (wanted) continue;
    say(answer.problem);
    if (answer.problem) {
      if (!Array.isArray(wish.kernel)) wish.kernel = typed;  // no random one came
      continue;
    }
    if (!Array.isArray(wish.kernel)) fill(answer.kernel, RANDOM);
    shown = answer;
    pixels = bytes(answer.pixels);
    values = new Float32Array(bytes(answer.output.values).buffer);
    render();
  }
  asking = false;
}

function say(sentence) {
  find('.problem').hidden = !sentence;
  find('.problem').textContent = sentence || '';
}

// --- the kernel -------------------------------------------------------------------------------------------------

const options = new Map();
for (const { name, group } of props.filters) {
  if (!options.has(group)) options.set(group, []);
  options.get(group).push(name);
}
find('.preset').append(
  ...[...options].map(([group, names]) => {
    const list = make('optgroup');
    list.label = group;
    list.append(...names.map((name) => new Option(name)));
    return list;
  }),
  new Option(RANDOM), new Option(OWN),
);
for (const side of props.sides) {
  find('.rows').append(new Option(side));
  find('.columns').append(new Option(side));
}

function parsed(text) {  // a number, a fraction, or the text itself: the server says what is wrong with it
  const plain = text.trim().replace('−', '-').replace(',', '.');
  const parts = plain.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const value = parts.length === 1 ? parts[0] : parts.length === 2 ? parts[0] / parts[1] : NaN;
  return Number.isFinite(value) ? value : text;
}

function tint(view, value, most) {
  view.classList.toggle('plus', value > 0);
  view.classList.toggle('minus', value < 0);
  view.style.setProperty('--share', `${most ? Math.round((46 * Math.abs(value)) / most) : 0}%`);
}
const largest = (rows) => Math.max(...rows.flat().map((one) => (typeof one === 'number' ? Math.abs(one) : 0)));

function fill(rows, chosen) {  // put a kernel into the cells
  typed = copyOf(rows);
  wish.kernel = typed;
  const view = find('.cells');
  const width = rows[0].length;
  view.style.setProperty('--columns', width);
  view.style.gridTemplateColumns = `repeat(${width}, minmax(0, 1fr))`;
  view.classList.toggle('many', width > 5);
  while (view.children.length > rows.length * width) view.lastElementChild.remove();
  while (view.children.length < rows.length * width) {
    const cell = make('input');
    Object.assign(cell, { type: 'text', autocapitalize: 'off', spellcheck: false, enterKeyHint: 'next' });
    view.append(cell);
  }
  [...view.children].forEach((cell, i) => {
    cell.setAttribute('aria-label', `Weight in row ${Math.floor(i / width) + 1}, column ${(i % width) + 1}`);
    cell.value = cell === document.activeElement ? String(rows.flat()[i]) : short(rows.flat()[i]);
  });
  find('.rows').value = rows.length;
  find('.columns').value = width;
  named(chosen);
}

function named(chosen) {  // which kernel of the list this is
  const found = props.filters.find(({ rows }) => same(rows, typed));
  const name = chosen || (found ? found.name : OWN);
  find('.preset').value = name;
  find('.random').hidden = name !== RANDOM;
  find('.meaning').textContent = found ? found.meaning : name === RANDOM
    ? 'The weights that a new Conv2d layer of this size starts with, before any training. The same seed gives the same ones.'
    : 'Weights of your own: write a number or a fraction like 1/9 into a cell.';
  const most = largest(typed);
  const flat = typed.flat();
  [...find('.cells').children].forEach((cell, i) => {
    tint(cell, flat[i], most);
    cell.setAttribute('aria-invalid', typeof flat[i] !== 'number');
    cell.title = String(flat[i]);
  });
  find('.tiles').querySelectorAll('button').forEach((tile) => tile.setAttribute('aria-pressed', tile.dataset.name === name));
}

function choose(name) {
  if (name === RANDOM) return drawRandom();
  const found = props.filters.find((one) => one.name === name);
  if (!found) return named(OWN);
  fill(found.rows);
  return ask({});
}

function drawRandom(seed = Number(find('.seed').value)) {
  const [height, width] = [Number(find('.rows').value), Number(find('.columns').value)];
  find('.preset').value = RANDOM;
  find('.random').hidden = false;
  ask({ kernel: { seed, height, width } });
}

function resize() {  // the middle stays in the middle
  if (find('.preset').value === RANDOM) return drawRandom();
  const [height, width] = [Number(find('.rows').value), Number(find('.columns').value)];
  const [top, left] = [(height - typed.length) / 2, (width - typed[0].length) / 2];
  const old = typed;
  fill(Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => old[y - top]?.[x - left] ?? 0)));
  return ask({});
}

const cells = find('.cells');
const placeOf = (cell) => {
  const index = [...cells.children].indexOf(cell);
  const width = typed[0].length;
  return [Math.floor(index / width), index % width];
};
cells.addEventListener('focusin', ({ target }) => {
  const [y, x] = placeOf(target);
  target.value = String(typed[y][x]);
  target.select();
});
cells.addEventListener('focusout', ({ target }) => {
  if (!target.isConnected) return;
  const [y, x] = placeOf(target);
  if (typeof typed[y]?.[x] === 'number') target.value = short(typed[y][x]);
});
cells.addEventListener('input', ({ target }) => {
  const [y, x] = placeOf(target);
  typed[y][x] = parsed(target.value);
  named();
  ask({ kernel: typed });
});
cells.addEventListener('keydown', (event) => {
  const cell = event.target;
  const [start, end] = [cell.selectionStart, cell.selectionEnd];
  const all = end - start === cell.value.length;
  const [dy, dx] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] || [0, 0];
  if (event.key === 'Enter') event.preventDefault();
  // inside a number left and right move the caret; at its ends, or when it is selected, they leave the cell
  if ((!dy && !dx) || event.shiftKey || (dx < 0 && !all && start > 0) || (dx > 0 && !all && end < cell.value.length)) return;
  event.preventDefault();
  const [y, x] = placeOf(cell);
  if (typed[y + dy]?.[x + dx] === undefined) return;
  cells.children[(y + dy) * typed[0].length + x + dx].focus();
});
find('.preset').addEventListener('change', () => choose(find('.preset').value));
find('.rows').addEventListener('change', resize);
find('.columns').addEventListener('change', resize);
find('.seed').addEventListener('input', () => drawRandom());
find('.another').addEventListener('click', () => {
  find('.seed').value = Math.floor(Math.random() * 1000);
  drawRandom();
});
find('.middle').addEventListener('submit', (event) => event.preventDefault());

function radios(view, entries, chosen, change) {
  const group = `kernel-${view.className.split(' ').pop()}`;
  view.append(...entries.map(([value, words]) => {
    const label = make('label');
    const input = make('input');
    Object.assign(input, { type: 'radio', name: group, value, checked: value === chosen });
    input.addEventListener('change', () => change(value));
    label.append(input, make('span', words));
    return label;
  }));
}
const upTo = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => [low + i, String(low + i)]);
radios(find('.strides'), upTo(1, props.most_stride), wish.stride, (stride) => ask({ stride }));
radios(find('.paddings'), upTo(0, props.most_padding), wish.padding, (padding) => ask({ padding }));
radios(find('.looks'), LOOKS, null, (value) => { look = value; paintOutput(); });
find('.flip').addEventListener('change', () => ask({ flip: find('.flip').checked }));

// --- pictures ---------------------------------------------------------------------------------------------------

const dot = make('canvas').getContext('2d', { willReadFrequently: true });
function rgb(name) {
  dot.fillStyle = getComputedStyle(element).getPropertyValue(`--tp-${name}`).trim();
  dot.fillRect(0, 0, 1, 1);
  return [...dot.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function paint(canvas, width, height, colour) {
  Object.assign(canvas, { width, height });
  canvas.parentElement.style.aspectRatio = `${width} / ${height}`;
  canvas.parentElement.style.maxWidth = `${Math.round((440 * width) / Math.max(width, height))}px`;
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) image.data.set([...colour(i), 255], 4 * i);
  pen.putImageData(image, 0, 0);
}

// value -> colour, for one of LOOKS and the range of the values
function painter(kind, low, high) {
  const [zero, plus, less] = ['card', 'accent', 'focus'].map(rgb);
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const grey = (share) => Array(3).fill(Math.round(255 * Math.min(1, Math.max(0, share))));
  if (kind === 'clip') return grey;
  if (kind === 'stretch') return (value) => grey(high > low ? (value - low) / (high - low) : 0.5);
  return (value) => {
    const share = Math.min(1, Math.abs(value) / most);
    return zero.map((part, i) => Math.round(part + ((value < 0 ? less : plus)[i] - part) * share));
  };
}

const lookNow = () => look || (shown.output.below ? 'sign' : 'clip');

function paintInput() {
  const { height, width, padding } = shown;
  const outside = rgb('accent-soft');
  const wide = width + 2 * padding;
  paint(find('canvas.input'), wide, height + 2 * padding, (i) => {
    const value = pixelAt(Math.floor(i / wide) - padding, (i % wide) - padding);
    return value === null ? outside : Array(3).fill(Math.round(255 * value));
  });
  find('.in-size').textContent = `${height} × ${width}, 0 is black, 1 is white`;
  find('.in-note').textContent = padding ? `The frame around it is the padding: ${padding} row${padding > 1 ? 's' : ''} of zeros on each side. Zero is black, so a bright border counts as an edge.` : '';
}

function paintOutput() {
  const { output, other } = shown;
  const { low, high, below, above, width, height } = output;
  const kind = lookNow();
  const colour = painter(kind, low, high);
  paint(find('canvas.output'), width, height, (i) => colour(values[i]));
  find('.looks').querySelectorAll('input').forEach((input) => { input.checked = input.value === kind; });
  const most = Math.max(Math.abs(low), Math.abs(high));
  const ends = { clip: [0, 1], stretch: [low, high], sign: [-most, most] }[kind];
  find('.low').textContent = kind === 'clip' ? '≤ 0' : num(ends[0]);
  find('.high').textContent = kind === 'clip' ? '≥ 1' : num(ends[1]);
  const stops = [0, 0.5, 1].map((share) => `rgb(${colour(ends[0] + share * (ends[1] - ends[0])).join(' ')})`);
  find('.legend i').style.background = `linear-gradient(90deg, ${stops.join(', ')})`;
  const all = many(width * height);
  find('.out-note').textContent = {
    clip: below + above ? `Below 0 is shown black (${many(below)} of ${all} pixels), above 1 white (${many(above)}). The numbers stay what they are.`
      : 'Every value lies between 0 and 1: nothing is cut off.',
    stretch: 'The lowest value is black and the highest white, so this grey cannot be compared with the grey of the input.',
    sign: 'Orange is above 0, blue below 0; the stronger the colour, the farther from 0.',
  }[kind];
  find('.out-size').textContent = `${height} × ${width}, ${num(low)} to ${num(high)}`;
  find('.beside').hidden = !other;
  if (!other) return;
  const beside = bytes(other.pixels);
  const theirs = painter(kind, kind === 'stretch' ? other.low : low, kind === 'stretch' ? other.high : high);
  paint(find('canvas.other'), width, height, (i) => theirs(other.low + (beside[i] / 255) * (other.high - other.low)));
}

function pixelAt(y, x) {  // null outside of the picture
  return y < 0 || x < 0 || y >= shown.height || x >= shown.width ? null : pixels[y * shown.width + x] / 255;
}

// --- one output pixel -------------------------------------------------------------------------------------------

function grid(view, rows, most, words = short) {
  const count = rows.length * rows[0].length;
  view.style.setProperty('--columns', rows[0].length);
  view.style.setProperty('--cell', rows[0].length > 5 ? '42px' : '46px');
  while (view.children.length > count) view.lastElementChild.remove();
  while (view.children.length < count) view.append(make('i'));
  rows.flat().forEach((value, i) => {
    view.children[i].textContent = words(value);
    if (most !== null) tint(view.children[i], value, most);
  });
}

function place(view, top, left, height, width, rows, columns) {
  Object.assign(view.style, {
    top: `${(100 * top) / rows}%`, left: `${(100 * left) / columns}%`,
    height: `${(100 * height) / rows}%`, width: `${(100 * width) / columns}%`,
  });
}

let speaking = null;
function showPixel() {
  const { used, stride, padding, output, height, width } = shown;
  const [row, column] = at;
  const [top, left] = [row * stride - padding, column * stride - padding];
  const patch = used.map((line, i) => line.map((_, j) => pixelAt(top + i, left + j)));
  const products = used.map((line, i) => line.map((weight, j) => weight * (patch[i][j] ?? 0)));
  place(find('.in .window'), row * stride, column * stride, used.length, used[0].length, height + 2 * padding, width + 2 * padding);
  for (const view of ['.out .window', '.beside .window']) place(find(view), row, column, 1, 1, output.height, output.width);

  grid(find('.patch'), patch, null, (value) => short(value ?? 0));
  patch.flat().forEach((value, i) => {
    const cell = find('.patch').children[i];
    const tone = Math.round(255 * (value ?? 0));
    cell.classList.toggle('pad', value === null);
    cell.style.background = value === null ? '' : `rgb(${tone} ${tone} ${tone})`;
    cell.style.color = value === null ? '' : value > 0.46 ? '#000' : '#fff';
  });
  grid(find('.weights'), used, largest(used));
  grid(find('.products'), products, Math.max(largest(products), 1e-12));
  const value = values[row * output.width + column];
  find('.result').textContent = num(value);
  find('.where').textContent = `Output pixel in row ${row}, column ${column}`;
  find('.weights-name').textContent = shown.flip ? 'kernel, turned' : 'kernel';
  const terms = products.flat().filter((one) => one !== 0).map(inBrackets).join(' + ') || '0';
  const added = products.flat().reduce((total, one) => total + Number(one.toFixed(4)), 0);
  const rounded = Math.abs(value) < 1000 && added.toFixed(4) !== value.toFixed(4);
  const nothing = products.flat().filter((one) => one === 0).length;
  const outside = patch.flat().filter((one) => one === null).length;
  clearTimeout(speaking);
  const tell = () => {
    find('.terms').replaceChildren(`output[${row}, ${column}] = ${terms} = `, make('b', num(value)),
      nothing && nothing < products.flat().length ? `  (${nothing} of the ${products.flat().length} products ${nothing > 1 ? 'are' : 'is'} 0)` : '',
      outside ? `  (${outside} of the ${products.flat().length} pixels ${outside > 1 ? 'are' : 'is'} padding)` : '',
      rounded ? '  (the products are rounded here, their sum is not)' : '');
  };
  // a pointer moves fast; what is read out waits until it rests
  find('.terms').setAttribute('aria-live', 'off');
  tell();
  speaking = setTimeout(() => { find('.terms').setAttribute('aria-live', 'polite'); tell(); }, 600);

  const back = copyOf(used).reverse().map((line) => line.reverse());
  const theirs = back.flat().reduce((total, weight, i) => total + weight * (patch.flat()[i] ?? 0), 0);
  find('.other-value').textContent = `Here: ${num(Math.abs(theirs) < 1e-13 * largest(used) ? 0 : theirs)} instead of ${num(value)}`;
}

function go(row, column) {
  const { height, width } = shown.output;
  at = [Math.min(height - 1, Math.max(0, row)), Math.min(width - 1, Math.max(0, column))];
  showPixel();
}

function strongest() {  // the output pixel farthest from 0, of those whose kernel lies on the picture alone
  const { output, stride, padding, used, height, width } = shown;
  const inside = (start, size, side) => start * stride >= padding && start * stride - padding + size <= side;
  let best = [0, 0];
  let most = -1;
  values.forEach((value, i) => {
    const [row, column] = [Math.floor(i / output.width), i % output.width];
    if (Math.abs(value) <= most || !inside(row, used.length, height) || !inside(column, used[0].length, width)) return;
    most = Math.abs(value);
    best = [row, column];
  });
  return best;
}

function render() {
  const { output, kernel, flip } = shown;
  paintInput();
  paintOutput();
  find('.total').textContent = shown.sum;
  find('.in-note').textContent += `${find('.in-note').textContent ? ' ' : ''}Output: ${shown.size}.`;
  find('.out-name').textContent = flip ? 'Output, turned' : 'Output';
  find('.turn').textContent = shown.turn;
  find('.flip').checked = flip;
  find('.other-name').textContent = flip ? 'Conv2d gives' : 'turned, it gives';
  const back = copyOf(kernel).reverse().map((line) => line.reverse());
  const tiny = kernel.length > 3 || kernel[0].length > 3;  // then the colours must do
  for (const [view, rows] of [[find('.written'), kernel], [find('.turned'), back]]) {
    grid(view, rows, largest(kernel));
    view.classList.toggle('tiny', tiny);
  }
  find('.written').classList.toggle('used', !flip);
  find('.turned').classList.toggle('used', flip);
  find('.program pre').textContent = shown.code;
  find('canvas.input').setAttribute('aria-label', `Input picture, ${shown.height} by ${shown.width} pixels. The arrow keys move the kernel.`);
  find('canvas.output').setAttribute('aria-label', `Output, ${output.height} by ${output.width} pixels. The arrow keys choose a pixel and show what made it.`);
  if (!at) at = strongest();
  go(...at);
  showPictures();
}

const output = find('canvas.output');
const input = find('canvas.input');
function pointed(event, canvas) {
  const box = canvas.getBoundingClientRect();
  return [Math.floor(((event.clientY - box.top) / box.height) * canvas.height), Math.floor(((event.clientX - box.left) / box.width) * canvas.width)];
}
for (const name of ['pointermove', 'pointerdown']) {
  output.addEventListener(name, (event) => { if (shown) go(...pointed(event, output)); });
  input.addEventListener(name, (event) => {  // the output pixel whose kernel lies with its middle here
    if (!shown) return;
    const [y, x] = pointed(event, input);
    const { used, stride } = shown;
    go(Math.round((y - (used.length - 1) / 2) / stride), Math.round((x - (used[0].length - 1) / 2) / stride));
  });
}
for (const canvas of [output, input]) {
  canvas.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    go(at[0] + far * step[0], at[1] + far * step[1]);
  });
}
find('.nudge').addEventListener('click', (event) => {
  const by = event.target.closest('button')?.dataset.by;
  if (!by || !shown) return;
  const [dy, dx] = by.split(' ').map(Number);
  go(at[0] + dy, at[1] + dx);
});

// --- which picture ----------------------------------------------------------------------------------------------

const pictures = props.examples.map(({ name, image }, number) => {
  const button = make('button');
  button.type = 'button';
  button.title = name;
  const view = make('img');
  Object.assign(view, { src: image, alt: name });
  button.append(view);
  button.addEventListener('click', () => { at = null; ask({ picture: { example: number } }); });
  return button;
});
const own = make('button');
Object.assign(own, { type: 'button', title: 'Your picture from Classify', hidden: true });
own.setAttribute('aria-label', own.title);
own.append(make('canvas'));
own.addEventListener('click', () => { at = null; ask({ picture: mine }); });
const hint = make('p', 'Draw or upload a picture in Classify: it comes here, too.', 'note');
find('.pictures').append(own, ...pictures, hint);

function showPictures() {
  const number = wish.picture.example;
  pictures.forEach((button, i) => button.setAttribute('aria-pressed', i === number));
  own.setAttribute('aria-pressed', number === undefined);
}

function arrived(value) {
  if (!value) return;
  say(value.problem);
  if (!value.picture) return;
  if (value.picture.pixels) {
    if (mine && same(mine, value.picture)) return;  // it is here already, and another one may be on screen
    mine = value.picture;
    const canvas = own.firstElementChild;
    own.hidden = false;
    hint.hidden = true;
    const data = bytes(mine.pixels);
    Object.assign(canvas, { width: mine.width, height: mine.height });
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(mine.width, mine.height);
    data.forEach((tone, i) => image.data.set([tone, tone, tone, 255], 4 * i));
    pen.putImageData(image, 0, 0);
    at = null;
  }
  ask({ picture: value.picture });
}

// --- learned kernels and the program ----------------------------------------------------------------------------

const taught = props.filters.filter(({ group }) => group.startsWith('Learned'));
find('.learned-words').textContent = props.missing || `These ${taught.length} kernels are the first layer of the network that answers in Classify. ` +
  'Nobody typed them in: they were random numbers, and training changed them until the answers became right. Orange is above 0, blue below 0. ' +
  'In the network their inputs are normalised first. Choose one to see it at work.';
find('.tiles').append(...taught.map(({ name, rows }, i) => {
  const tile = make('button');
  tile.type = 'button';
  tile.dataset.name = name;
  tile.setAttribute('aria-label', name);
  const canvas = make('canvas');
  tile.append(canvas, String(i + 1));
  const colour = painter('sign', 0, largest(rows));
  Object.assign(canvas, { width: rows[0].length, height: rows.length });
  const pen = canvas.getContext('2d');
  rows.forEach((line, y) => line.forEach((weight, x) => {
    pen.fillStyle = `rgb(${colour(weight).join(' ')})`;
    pen.fillRect(x, y, 1, 1);
  }));
  tile.addEventListener('click', () => choose(name));
  return tile;
}));

find('.copy').addEventListener('click', async () => {
  await navigator.clipboard?.writeText(find('.program pre').textContent);
  find('.copy').textContent = 'Copied';
  setTimeout(() => { find('.copy').textContent = 'Copy'; }, 1500);
});
find('.save').addEventListener('click', () => {
  const canvas = make('canvas');
  Object.assign(canvas, { width: shown.width, height: shown.height });
  canvas.getContext('2d').drawImage(find('canvas.input'), -shown.padding, -shown.padding);
  const link = make('a');
  Object.assign(link, { href: canvas.toDataURL('image/png'), download: 'picture.png' });
  link.click();
});

fill(wish.kernel);
watch('value', () => arrived(props.value));
arrived(props.value || { picture: { example: 0 } });
