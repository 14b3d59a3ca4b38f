// The batch on screen and the way through the epoch.
//
// Value from the server: what `on_step` of steps.py returns. Value to the server: {epoch, number}, so that a
// change of the options does not send the pictures back. Stepping asks `server.step` and needs no event.

const PAUSE = 700;      // between two batches while playing, in ms
const BLOCKS = 17;      // batches that are shown at once, where there is room
const BLOCK_WIDTH = 50; // that a block needs for its numbers, in px

let shown = null;       // the last value from the server
let playing = null;
let asking = false;
let wanted = null;      // where to go when the answer that is on its way has come
let target = null;      // where all wishes so far lead: two quick presses are two steps

// --- asking -----------------------------------------------------------------------------------------------------

async function go(epoch, number, first = 0) {
  if (epoch < 0 || epoch >= shown.epochs) return;
  wanted = { epoch, number, first };
  target = wanted;
  if (asking) return;   // keys repeat faster than the network answers: only the last wish counts
  asking = true;
  while (wanted) {
    const wish = wanted;
    const before = shown;
    wanted = null;
    let answer;
    try {
      answer = await server.step({ ...shown.settings, ...wish });
    } catch {
      answer = { problem: 'The server did not answer. Is it still running?' };
      stop();
    }
    if (shown !== before) continue;  // other options came in between: this is a batch of the old ones
    if (answer.problem) stop();  // playing on would ask for the same again and again
    shown = answer.problem ? { ...shown, problem: answer.problem } : answer;
    render();
  }
  asking = false;
  target = null;
  tell();
}

function tell() {  // the small value that other parts of the page read
  props.value = { epoch: shown.epoch, number: shown.number };
  trigger('input');
}

const last = () => shown.batches - 1;
const here = () => target || shown;
const moves = {
  first: () => go(here().epoch, 0),
  previous: () => (here().number > 0 ? go(here().epoch, here().number - 1) : go(here().epoch - 1, last())),
  next: () => (here().number < last() ? go(here().epoch, here().number + 1) : go(here().epoch + 1, 0)),
  last: () => go(here().epoch, last()),
  back: () => go(here().epoch - 1, 0),
  epoch: () => go(here().epoch + 1, 0),
};

function stop() {
  clearTimeout(playing);
  playing = null;
  find('.play').textContent = 'Play';
  find('.play').setAttribute('aria-label', 'Play');
}

function play() {
  find('.play').textContent = 'Pause';
  find('.play').setAttribute('aria-label', 'Pause');
  const tick = async () => {
    if (!element.isConnected || find('.next').disabled) return stop();
    if (element.offsetParent !== null) await moves.next();
    if (playing !== null) playing = setTimeout(tick, PAUSE);
  };
  playing = setTimeout(tick, 0);
}

// --- showing ----------------------------------------------------------------------------------------------------

function button(block, inside, text, label) {
  block.append(make('i', inside), make('span', text));
  block.setAttribute('aria-label', label);
  return block;
}

function showBlocks() {
  const rest = shown.dropped.length;
  const all = shown.batches + (rest ? 1 : 0);
  const view = find('.blocks');
  const room = view.clientWidth ? Math.min(BLOCKS, Math.max(5, Math.floor(view.clientWidth / BLOCK_WIDTH))) : BLOCKS;
  const near = Math.min(Math.max(shown.number - Math.floor(room / 2), 0), Math.max(0, all - room));
  const places = [];
  for (let place = near; place < Math.min(all, near + room); place += 1) places.push(place);
  // the ends of the epoch are always in sight: the short last batch is there
  if (places[0] > 0) places.splice(0, 2, 0, null);
  if (places.at(-1) < all - 1) places.splice(-2, 2, null, all - 1);
  const focused = view.contains(document.activeElement) ? document.activeElement.dataset.place : null;
  view.replaceChildren(...places.map((place) => {
    if (place === null) return make('span', '…', 'block gap');
    const dropped = place === shown.batches;
    const size = dropped ? rest : Math.min(shown.batch_size, shown.samples - place * shown.batch_size);
    const block = make(dropped ? 'span' : 'button', undefined, 'block');
    block.style.setProperty('--fill', `${(100 * size) / shown.batch_size}%`);
    if (dropped) {
      block.classList.add('dropped');
      block.title = `drop_last throws away the last ${size} samples of the order`;
      return button(block, '', `✕ ${many(size)}`, block.title);
    }
    block.classList.toggle('low', 2 * size < shown.batch_size);
    block.type = 'button';
    block.dataset.place = place;
    block.title = `Batch ${place + 1}: ${size} samples`;
    block.classList.toggle('gone', place < shown.number);
    block.classList.toggle('now', place === shown.number);
    if (place === shown.number) block.setAttribute('aria-current', 'step');
    block.addEventListener('click', () => { stop(); go(shown.epoch, place); });
    return button(block, many(size), many(place + 1), block.title);
  }));
  if (focused !== null) (view.querySelector(`[data-place="${focused}"]`) || view.querySelector('.now'))?.focus();
}

function colours() {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--tp-${name}`).trim();
}

function showMap() {
  // each sample of the data set is one cell, in the order of the data set, line by line
  const canvas = find('.samples');
  const width = canvas.clientWidth || 700;
  const count = shown.samples;
  const columns = Math.max(1, Math.min(count, Math.max(Math.floor(width / 20), Math.ceil(Math.sqrt(count * (width / 84))))));
  const lines = Math.ceil(count / columns);
  const scale = Math.min(20, width / columns);
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.max(1, Math.round(lines * scale * sharp));
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  const colour = colours();
  const pen = canvas.getContext('2d');
  pen.setTransform(sharp * scale, 0, 0, sharp * scale, 0, 0);
  const gap = scale > 5 ? 0.14 : 0;
  const dot = (index, more) => {
    const side = 1 - gap + more;
    pen.fillRect((index % columns) + (1 - side) / 2, Math.floor(index / columns) + (1 - side) / 2, side, side);
  };
  const gone = Uint8Array.from(atob(shown.gone), (letter) => letter.charCodeAt(0));
  pen.fillStyle = colour('track');
  if (gap) for (let i = 0; i < count; i += 1) dot(i, 0);
  else {  // in two pieces: a seam would show between lines
    pen.fillRect(0, 0, columns, lines - 1);
    pen.fillRect(0, lines - 1.02, count - (lines - 1) * columns, 1.02);
  }
  pen.fillStyle = colour('bar');
  for (let i = 0; i < count; i += 1) if (gone[i >> 3] & (128 >> (i & 7))) dot(i, gap ? 0 : 0.02);
  const larger = gap ? 0 : Math.max(0, 4 / scale - 1);
  pen.fillStyle = colour('naive');
  shown.dropped.forEach((i) => dot(i, larger));
  pen.fillStyle = colour('accent');
  shown.indices.forEach((i) => dot(i, larger));
  canvas.setAttribute('aria-label', `${shown.samples} samples in the order of the data set: ${shown.taken} already taken in this epoch, ` +
    `${shown.indices.length} in this batch, ${shown.dropped.length} dropped.`);
  const key = [['accent', 'this batch'], ['bar', 'already taken in this epoch'], ['track', shown.settings.sampler === 'weighted' ? 'not drawn so far' : 'still to come']];
  if (shown.dropped.length) key.push(['naive', 'thrown away by drop_last']);
  find('.key').replaceChildren(make('b', 'Each cell is a sample, at its place in the data set:'), ...key.map(([name, words]) => {
    const entry = make('span', words);
    entry.style.setProperty('--dot', `var(--tp-${name})`);
    return entry;
  }));
}

function showPictures() {
  const view = find('.pictures');
  const { height, width } = shown;
  const words = shown.kind === 'row' ? [] : shown.words;
  while (view.children.length > words.length) view.lastElementChild.remove();
  while (view.children.length < words.length) {
    const tile = make('button', undefined, 'picture');
    tile.type = 'button';
    tile.append(make('canvas'), make('span', '', 'big'), make('b'), make('small'));
    view.append(tile);
    tile.addEventListener('click', () => open(Number(tile.dataset.index)));
  }
  const long = words.some((word) => word.length > 4);
  const tiles = [...view.children];
  tiles.forEach((tile, i) => {
    const [canvas, big, label, index] = tile.children;
    tile.dataset.index = shown.indices[shown.first + i];
    canvas.hidden = !shown.sprite;
    big.hidden = Boolean(shown.sprite);
    big.textContent = shown.sprite ? '' : words[i];
    big.classList.toggle('long', long);
    label.textContent = shown.labels[i];
    index.textContent = `#${many(shown.indices[shown.first + i])}`;
    tile.title = `${shown.labels[i]}, index ${shown.indices[shown.first + i]}: open this sample`;
  });
  if (!shown.sprite || !tiles.length) return;
  const sheet = new Image();
  const mine = shown;
  sheet.onload = () => {
    if (mine !== shown) return;
    tiles.forEach(({ children: [canvas] }, i) => {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      canvas.getContext('2d').drawImage(sheet, 0, i * height, width, height, 0, 0, width, height);
    });
  };
  sheet.src = shown.sprite;
}

function showRows() {
  const table = find('.rows');
  table.hidden = shown.kind !== 'row';
  find('.body').classList.toggle('table', !table.hidden);
  if (table.hidden) return table.replaceChildren();
  const head = make('tr');
  head.append(...['index', ...shown.columns, 'label'].map((name) => make('th', name)));
  table.replaceChildren(head, ...shown.words.map((cells, i) => {
    const row = make('tr');
    const index = shown.indices[shown.first + i];
    const place = make('button', many(index));
    place.type = 'button';
    place.addEventListener('click', () => open(index));
    const start = make('td');
    start.append(place);
    row.append(start, ...cells.map((cell) => make('td', cell)), make('td', shown.labels[i]));
    return row;
  }));
}

function showFacts() {
  find('.shapes tbody').replaceChildren(...shown.facts.map(([code, value]) => {
    const row = make('tr');
    row.append(make('td', code), make('td', value));
    return row;
  }));
  const most = Math.max(1, ...shown.counts);
  find('.counts').replaceChildren(...shown.classes.map((name, k) => {
    const row = make('li');
    const track = make('span', undefined, 'track');
    const bar = make('i');
    bar.style.width = `${(100 * shown.counts[k]) / most}%`;
    track.append(bar);
    row.append(make('span', name, 'name'), track, make('span', String(shown.counts[k]), 'count'));
    row.title = name;
    return row;
  }));
  find('.facts h2').hidden = !shown.classes.length;
}

function render() {
  if (!shown) return;
  const held = document.activeElement;
  find('.number').value = shown.number + 1;
  find('.number').max = shown.batches;
  find('.of').textContent = `of ${many(shown.batches)}`;
  find('.epoch').textContent = shown.epoch + 1;
  const start = shown.epoch === 0 && shown.number === 0;
  const end = shown.epoch >= shown.epochs - 1;
  const able = { first: shown.number > 0, previous: !start, next: !(end && shown.number >= last()),
    last: shown.number < last(), back: shown.epoch > 0, epoch: !end };
  element.querySelectorAll('[data-to]').forEach((one) => { one.disabled = !able[one.dataset.to]; });
  const size = shown.indices.length;
  find('.caption').textContent = shown.caption;
  find('.body').classList.toggle('old', Boolean(shown.problem));
  find('.error').hidden = !(shown.problem || shown.error);
  find('.error').textContent = shown.problem || shown.error;
  const until = Math.min(size, shown.first + shown.words.length);
  find('.pager').hidden = shown.words.length === size;
  find('.range').textContent = `samples ${shown.first + 1} to ${until} of ${size}`;
  find('.less').disabled = shown.first === 0;
  find('.more').disabled = until === size;
  // a button that is switched off loses the focus, and who steps with the keyboard their place
  if (element.contains(held) && held.disabled) {
    (held.closest('.pager:not([hidden])')?.querySelector('button:enabled') || (able.next ? find('.next') : find('[data-to=previous]'))).focus();
  }
  find('.live').textContent = shown.problem || `Batch ${shown.number + 1} of ${shown.batches}, epoch ${shown.epoch + 1}, ${size} samples.`;
  showBlocks();
  showMap();
  showPictures();
  showRows();
  showFacts();
}

// --- one sample -------------------------------------------------------------------------------------------------

async function open(index) {
  stop();
  let sample;
  try {
    sample = await server.sample({ ...shown.settings, index });
  } catch {
    sample = { problem: 'The server did not answer. Is it still running?' };
  }
  find('.sample h3').textContent = sample.problem ? 'This sample cannot be shown' : `Sample ${many(index)}: ${sample.label}`;
  find('.call').textContent = sample.problem || sample.code;
  find('.after').textContent = sample.after || '';
  const cells = find('.cells');
  cells.hidden = !sample.numbers;
  const columns = sample.numbers ? sample.numbers[0].length : 1;
  cells.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  cells.setAttribute('aria-label', 'The numbers of this sample. The arrow keys move from one to the next.');
  find('.reading').textContent = sample.numbers ? sample.hint : '';
  const most = sample.brightest || 255;
  cells.replaceChildren(...(sample.numbers || []).flat().map((value, place) => {
    const cell = make('span', value);
    const grey = Math.round((255 * Math.max(0, value)) / most);
    cell.style.background = `rgb(${grey},${grey},${grey})`;
    cell.style.color = grey > 120 ? '#000' : '#d6d6d6';
    cell.dataset.place = place;
    return cell;
  }));
  let at = -1;
  const point = (place) => {
    if (place < 0 || place >= cells.children.length) return;
    cells.children[at]?.classList.remove('on');
    at = place;
    cells.children[at].classList.add('on');
    find('.reading').textContent = `Row ${Math.floor(at / columns)}, column ${at % columns}: ${cells.children[at].textContent}`;
  };
  cells.onpointermove = (event) => { if (event.target.dataset.place) point(Number(event.target.dataset.place)); };
  cells.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    event.preventDefault();
    point(at < 0 ? 0 : at + step);
    cells.children[at].scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  find('.sample').showModal();
}
find('.close').addEventListener('click', () => find('.sample').close());
find('.sample').addEventListener('click', (event) => { if (event.target === find('.sample')) find('.sample').close(); });

// --- listening --------------------------------------------------------------------------------------------------

element.querySelectorAll('[data-to]').forEach((one) => {
  one.addEventListener('click', () => { stop(); moves[one.dataset.to](); });
});
find('.play').addEventListener('click', () => (playing === null ? play() : stop()));
find('.number').addEventListener('change', (event) => {
  stop();
  const asked = Math.round(Number(event.target.value));
  if (asked >= 1) go(shown.epoch, asked - 1);
  else render();
});
find('.less').addEventListener('click', () => go(shown.epoch, shown.number, Math.max(0, shown.first - shown.words.length)));
find('.more').addEventListener('click', () => go(shown.epoch, shown.number, shown.first + shown.words.length));
new ResizeObserver(() => { if (shown && element.offsetParent !== null) { showBlocks(); showMap(); } }).observe(find('.map'));
new MutationObserver(() => { if (shown) showMap(); }).observe(document.body, { attributes: true, attributeFilter: ['class'] });

function take() {
  const value = props.value;
  if (!value || !value.settings || (value.problem && !shown)) return;
  // wrong options have no batch: the one before stays beside what is wrong, and every step is told the same
  shown = value.problem ? { ...shown, ...value } : value;
  if (value.problem) stop();
  wanted = null;  // a wish was for the options before
  target = null;
  render();
  tell();
}
watch('value', take);
take();
