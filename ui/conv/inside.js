// A network from the inside: a picture, the layers, their maps, and one cell of one map.
//
// Value: null, or what `on_picture` of inside.py returns: {pixels, note} or {problem}. All else is asked from the
// server with the pixels beside the question. The arithmetic of a cell is in cell.js.

const minus = (words) => String(words).replace(/-/g, '−');
const digits = (value) => minus(value === 0 ? '0' : Math.abs(value) >= 1e5 ? value.toPrecision(6) : Math.abs(value) < 0.00005 ? value.toExponential(1) : value.toFixed(4));
const REST = 350;        // the pointer lies still on a cell for so long, in ms: then its arithmetic is asked

let pixels = null;       // base64 of the picture in sight
let mine = null;         // the visitor's own picture: {pixels, note}
let samples = [];        // the example pictures
let seed = 1;
let drawing = false;     // whether examples are on their way
let net = null;          // what `look` gave
let layer = 0;           // number of the open layer
let first = 0;           // the first map on the shelf
let shelf = null;        // what `maps` gave
let showing = 'maps';    // or 'filters'
let channel = null;      // of the enlarged map
let values = null;       // its numbers
let chosen = null;       // [row, column] of the cell that is explained
let pointed = null;      // [row, column] under the pointer
let resting = null;
let stale = true;        // whether the maps of another picture are still in sight
let looking = 0;         // turn of a picture whose layers are on their way, or 0
let opening = 0;         // turn of a picture or a layer on its way: what is in sight is still the one before
let shelves = 0;         // as `turn`, for what the tiles show
let turn = 0;            // answers to questions before this one come too late

// --- asking -------------------------------------------------------------------------------------------------------

async function ask(name, question) {
  try {
    return await server[name](question);
  } catch {
    return { problem: 'The server did not answer. Is it still running?' };
  }
}

function say(problem) {
  find('.problem').hidden = !problem;
  find('.problem').textContent = problem || '';
}

// --- pictures -----------------------------------------------------------------------------------------------------

const greyOf = (value, largest) => (largest > 0 ? Math.round((value / largest) * 127) + 128 : 128);

function painted(greys, width, height) {  // one number 0..255 a pixel -> a canvas in the colours of the ramp
  const canvas = make('canvas');
  paint(canvas, greys, width, height, RAMP);
  return canvas;
}

function sheetOf(url) {  // a grey sprite -> a canvas in the colours of the ramp
  return new Promise((done) => {
    const image = new Image();
    image.onload = () => {
      const plain = make('canvas');
      Object.assign(plain, { width: image.width, height: image.height });
      const pen = plain.getContext('2d', { willReadFrequently: true });
      pen.drawImage(image, 0, 0);
      const { data } = pen.getImageData(0, 0, image.width, image.height);
      done(painted(data.filter((_, i) => i % 4 === 0), image.width, image.height));
    };
    image.src = url;
  });
}

function grey(canvas, base64) {  // the picture itself
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(28, 28);
  bytes.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  pen.putImageData(image, 0, 0);
}

// --- pictures -----------------------------------------------------------------------------------------------------

function showTiles() {
  const all = [...(mine ? [{ ...mine, name: 'Yours' }] : []), ...samples];
  find('.tiles').replaceChildren(...all.map((one, i) => {
    const tile = make('button', undefined, 'tile');
    const canvas = make('canvas');
    Object.assign(canvas, { width: 28, height: 28 });
    grey(canvas, one.pixels);
    tile.type = 'button';
    tile.classList.toggle('own', Boolean(mine) && i === 0);
    tile.setAttribute('aria-pressed', String(one.pixels === pixels));
    tile.append(canvas, make('span', one.name));
    tile.addEventListener('click', () => use(one));
    return tile;
  }));
}

function use(one) {
  if (one.pixels !== pixels) stale = true;
  pixels = one.pixels;
  say('');
  find('.note').hidden = !one.note;
  find('.note').textContent = one.note || '';
  [...find('.tiles').children].forEach((tile, i) => {
    const all = [...(mine ? [mine] : []), ...samples];
    tile.setAttribute('aria-pressed', String(all[i].pixels === pixels));
  });
  grey(find('.picture'), pixels);
  find('.picture').setAttribute('aria-label', `The 28 by 28 picture that the network is given: ${one.name || 'yours'}`);
  look();
}

async function bring(next) {
  if (drawing) return;
  drawing = true;
  const found = await ask('examples', next);
  drawing = false;
  if (found.problem) { say(found.problem); return; }
  const held = samples.findIndex((one) => one.pixels === pixels);
  seed = next;
  samples = found.examples;
  showTiles();
  if (!pixels || held >= 0) use(samples[held >= 0 ? held : 9]);
}

async function look() {
  if (!pixels || !stale || element.offsetParent === null) return;
  stale = false;
  values = null;
  const now = ++turn;
  looking = opening = now;
  const found = await ask('look', { pixels });
  if (now !== turn) return;
  looking = opening = 0;
  say(found.problem);
  if (found.problem) { stale = true; return; }
  net = found;
  find('.work').hidden = find('.softmax').hidden = false;
  showList();
  showSoftmax();
  open(layer, first, true);
}

// --- layers -------------------------------------------------------------------------------------------------------

const KINDS = { add: 'Addition', amax: 'Maximum' };
const shapeOf = (row) => (row.shape.length === 1 ? `(${row.shape[0]},)` : `(${row.shape.join(', ')})`);

function showList() {
  const list = find('.list');
  if (!list.children.length) {
    let part = '';
    net.layers.forEach((row, i) => {
      if (row.part !== part) { part = row.part; list.append(make('h4', part)); }
      const one = make('button', undefined, 'layer');
      one.type = 'button';
      one.append(make('b', row.name), make('small', KINDS[row.kind] || row.kind), make('span', shapeOf(row)), make('canvas'));
      one.addEventListener('click', () => {
        open(i, 0);
        if (find('.desk').getBoundingClientRect().top > window.innerHeight - 120) {
          find('.title').scrollIntoView({ block: 'start' });
          find('.title').focus({ preventScroll: true });
        }
      });
      list.append(one);
    });
  }
  showStrips();
}

async function showStrips() {
  const now = net;
  const sheets = await Promise.all(net.layers.map((row) => sheetOf(row.sprite)));
  if (now !== net) return;
  const sharp = window.devicePixelRatio || 1;
  element.querySelectorAll('.layer canvas').forEach((canvas, i) => {
    const { shape, shown } = net.layers[i];
    const side = 28;
    const fits = Math.min(shown, Math.max(1, Math.floor((canvas.clientWidth + 3) / (side + 3))));
    canvas.width = Math.round(canvas.clientWidth * sharp);
    canvas.height = side * sharp;
    const pen = canvas.getContext('2d');
    pen.imageSmoothingEnabled = false;
    const [height, width] = shape.length === 3 ? shape.slice(1) : [1, 1];
    for (let n = 0; n < fits; n += 1) {
      pen.drawImage(sheets[i], 0, n * height, width, height, Math.round(n * (side + 3) * sharp), 0, side * sharp, side * sharp);
    }
  });
}

async function open(place, from, keep = false) {
  if (place !== layer) {
    clearTimeout(resting);
    channel = chosen = pointed = values = null;
  }
  layer = place;
  first = from;
  if (stale || looking) return look();   // the numbers of the picture come first, then this layer is opened
  const row = net.layers[layer];
  const now = ++turn;
  opening = now;
  const found = await ask('maps', { pixels, layer: row.name, first });
  if (now !== turn) return;
  opening = 0;
  say(found.problem);
  if (found.problem) return;
  shelf = found;
  if (row.kind !== 'Conv2d') showing = 'maps';
  element.querySelectorAll('.layer').forEach((one, i) => {
    one.classList.toggle('on', i === layer);
    if (i === layer) one.setAttribute('aria-current', 'true'); else one.removeAttribute('aria-current');
  });
  find('.title').replaceChildren(make('span', row.name), make('code', row.code));
  const known = row.parameters ? `, ${row.parameters.toLocaleString('en-US')} parameters` : ', no parameters';
  find('.shape').textContent = row.shape.length === 3
    ? `${shapeOf(row)}: ${row.shape[0]} maps of ${row.shape[1]} × ${row.shape[2]} numbers${known}`
    : `${shapeOf(row)}: ${row.shape[0]} numbers${known}`;
  find('.words').textContent = props.words[row.kind] || '';
  find('.low').textContent = digits(-row.largest);
  find('.high').textContent = digits(row.largest);
  const inSight = Math.min(row.shape[0], first + shelf.highest.length);
  find('.pager').hidden = row.shape[0] === shelf.highest.length;
  find('.range').textContent = `${first} to ${inSight - 1} of ${row.shape[0]}`;
  find('.less').disabled = first === 0;
  find('.more').disabled = inSight === row.shape[0];
  showSource(row);
  await showShelf();
  if (now !== turn) return;
  if (channel === null) channel = first + shelf.highest.indexOf(Math.max(...shelf.highest));
  if (values && !keep && from > 0 && (channel < first || channel >= inSight)) return;  // leafing through: the cell stays
  enlarge(channel, chosen);
}

function showSource(row) {  // the kernels of a convolution, for one input map or over all
  find('.choice').hidden = row.kind !== 'Conv2d';
  find('.source').hidden = showing !== 'filters' || row.inputs === 1;
  element.querySelectorAll('[data-show]').forEach((one) => {
    one.setAttribute('aria-pressed', String(one.dataset.show === showing));
  });
  const select = find('.source select');
  if (Number(select.dataset.count) === row.inputs) return;
  select.dataset.count = row.inputs;
  select.replaceChildren(new Option('all (length)', ''), ...Array.from({ length: row.inputs }, (_, i) => new Option(String(i), String(i))));
}

const logitName = (number) => [...net.softmax.names, ...net.softmax.others.map(([name]) => name)][number];

async function showShelf() {
  if (opening) return;   // it comes with the layer
  const row = net.layers[layer];
  const now = turn;
  const mine = ++shelves;
  const count = shelf.highest.length;
  let pieces;
  let how = 'Black is 0. The strongest colour is the largest number of this layer, whatever its sign.';
  if (showing === 'filters') {
    const select = find('.source select').value;
    const found = await ask('filters', { layer: row.name, source: row.inputs === 1 ? 0 : select === '' ? null : Number(select) });
    if (now !== turn || mine !== shelves) return;
    if (found.problem) { say(found.problem); return; }
    const kernels = found.filters;
    const largest = Math.max(...kernels.flat(2).map(Math.abs));
    const side = kernels[0].length;
    pieces = kernels.slice(first, first + count).map((kernel) => painted(kernel.flat().map((one) => greyOf(one, largest)), side, side));
    find('.low').textContent = digits(-largest);
    find('.high').textContent = digits(largest);
    how = select === '' && row.inputs > 1
      ? `Each filter has ${row.inputs} kernels, one for each input map. Shown is √(w₁² + w₂² + …) over all of them.`
      : 'Each filter makes one map. Orange weights are above 0, blue ones below.';
  } else {
    const sheet = await sheetOf(shelf.sprite);
    if (now !== turn || mine !== shelves) return;
    const [height, width] = row.shape.length === 3 ? row.shape.slice(1) : [1, 1];
    pieces = Array.from({ length: count }, (_, n) => {
      const canvas = make('canvas');
      Object.assign(canvas, { width, height });
      canvas.getContext('2d').drawImage(sheet, 0, n * height, width, height, 0, 0, width, height);
      return canvas;
    });
    find('.low').textContent = digits(-row.largest);
    find('.high').textContent = digits(row.largest);
  }
  find('.how').textContent = how;
  const focused = find('.maps').contains(document.activeElement) ? document.activeElement.dataset.channel : null;
  find('.maps').classList.toggle('named', row.kind === 'Linear');
  find('.maps').replaceChildren(...pieces.map((canvas, n) => {
    const tile = make('button', undefined, 'small');
    const number = first + n;
    tile.type = 'button';
    tile.dataset.channel = number;
    const name = logitName(number);
    tile.title = showing === 'filters' ? `Filter ${number}` : row.kind === 'Linear' && name ? `Logit of ${name}` : `Map ${number}`;
    tile.setAttribute('aria-label', tile.title);
    tile.setAttribute('aria-pressed', String(number === channel));
    tile.append(canvas, make('span', row.kind === 'Linear' && name ? name : String(number)));
    tile.addEventListener('click', () => { if (!opening) enlarge(number, chosen); });
    return tile;
  }));
  if (focused !== null) find(`.maps [data-channel="${focused}"]`)?.focus();
}

// --- one map ------------------------------------------------------------------------------------------------------

async function enlarge(number, place) {
  const row = net.layers[layer];
  channel = number;
  element.querySelectorAll('.small').forEach((one) => {
    one.setAttribute('aria-pressed', String(Number(one.dataset.channel) === channel));
  });
  values = null;
  const now = ++turn;
  const at = place ? { row: place[0], column: place[1] } : {};
  const found = await ask('map', { pixels, layer: row.name, channel, ...at });
  if (now !== turn) return;
  say(found.problem);
  if (found.problem) return;
  values = found.values;
  const [height, width] = [values.length, values[0].length];
  const canvas = find('canvas.map');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d').drawImage(painted(values.flat().map((one) => greyOf(one, row.largest)), width, height), 0, 0);
  const name = row.kind === 'Linear' && logitName(channel) ? ` (${logitName(channel)})` : '';
  find('.map-name').textContent = row.shape.length === 3 ? `Map ${channel}, ${height} × ${width}` : `Number ${channel} of ${row.name}${name}`;
  canvas.setAttribute('aria-label', `${find('.map-name').textContent}, layer ${row.name}. The arrow keys choose a cell.`);
  pointed = null;
  explain(found.cell);
}

async function choose(row, column) {
  clearTimeout(resting);
  if (!values || opening) return;
  const now = ++turn;
  const found = await ask('cell', { pixels, layer: net.layers[layer].name, channel, row, column });
  if (now !== turn) return;
  say(found.problem);
  if (!found.problem) explain(found.cell);
}

function explain(cell) {
  chosen = [cell.row, cell.column];
  showPlace();
  showCell(cell);
}

function box(view, top, left, bottom, right, height, width) {
  Object.assign(view.style, {
    top: `${(100 * top) / height}%`, left: `${(100 * left) / width}%`,
    height: `${(100 * (bottom - top)) / height}%`, width: `${(100 * (right - left)) / width}%`,
  });
}

function showPlace() {  // the cell under the pointer, else the chosen one: its number, and what it sees
  const [row, column] = pointed || chosen;
  const [height, width] = [values.length, values[0].length];
  box(find('.at'), row, column, row + 1, column + 1, height, width);
  find('.at').classList.toggle('preview', Boolean(pointed) && String(pointed) !== String(chosen));
  find('.reading').replaceChildren(make('b', digits(values[row][column])), make('span', height * width > 1 ? `row ${row}, column ${column}` : 'one number'));
  const { field } = net.layers[layer];
  if (!field) {
    box(find('.window'), 0, 0, 28, 28, 28, 28);
    find('.sees').textContent = 'This number depends on the whole picture.';
    return;
  }
  const start = [row, column].map((at, axis) => field.start[axis] + at * field.jump[axis]);
  const [top, left] = start.map((at) => Math.max(0, at));
  const [bottom, right] = start.map((at, axis) => Math.min(28, at + field.size[axis]));
  box(find('.window'), top, left, bottom, right, 28, 28);
  const cut = (bottom - top) * (right - left) < field.size[0] * field.size[1];
  find('.sees').textContent = `Receptive field: a cell of this layer sees ${field.size[0]} × ${field.size[1]} pixels` +
    (cut ? `, here ${bottom - top} × ${right - left} of the picture: the rest is padding.` : '.');
}

// --- softmax ------------------------------------------------------------------------------------------------------

function showSoftmax() {
  const { names, logits, raised, total, shares, others } = net.softmax;
  const large = (value) => (value >= 1e6 || (value < 0.001 && value > 0) ? value.toExponential(3).replace('e+', 'e') : value.toFixed(4));
  const best = shares.indexOf(Math.max(...shares));
  find('.softmax tbody').replaceChildren(...names.map((name, i) => {
    const row = make('tr', undefined, i === best ? 'best' : '');
    const bar = make('i');
    bar.style.width = `${100 * shares[i]}%`;
    const last = make('td', undefined, 'share');
    const words = 100 * shares[i] < 0.005 && shares[i] > 0 ? '<0.01 %' : `${(100 * shares[i]).toFixed(2)} %`;
    last.append(bar, make('span', words));
    const head = make('th', name);
    head.scope = 'row';
    row.append(head, make('td', digits(logits[i])), make('td', minus(large(raised[i]))), make('td', minus(`${large(raised[i])}\u00a0/ ${large(total)}`)), last);
    return row;
  }));
  const left = others.map(([name, logit]) => `${digits(logit)} for “${name}”`).join(', ');
  find('.rest').textContent = `The sum of the ten is ${minus(large(total))}.` + (left
    ? ` The network has one more logit, ${left}. It serves the warning in Classify and is not part of this softmax.` : '');
}
