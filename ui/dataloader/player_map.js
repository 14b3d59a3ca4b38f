// The batches of an epoch as blocks, and every sample of the data set as a cell of a map.

import { make } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { count } from '../kit/numbers.js';
import { bytes } from '../kit/paint.js';

const BLOCKS = 17;      // batches shown at once, if there is room
const FEWEST = 5;
const BLOCK_WIDTH = 50; // width that a block needs for its numbers, in px
const CELL = 20;        // largest side of a cell of the map, in px
const MAP_HEIGHT = 84;  // height of the map, if the cells can be small enough, in px

/** The batches to show: numbers, and null for a gap. Both ends of the epoch are always among them. */
function visiblePlaces(current, all, room) {
  const first = Math.min(Math.max(current - Math.floor(room / 2), 0), Math.max(0, all - room));
  const places = Array.from({ length: Math.min(room, all) }, (_, i) => first + i);
  if (places[0] > 0) places.splice(0, 2, 0, null);
  if (places.at(-1) < all - 1) places.splice(-2, 2, null, all - 1);
  return places;
}

/**
 * @param {HTMLElement} view
 * @param {any} batch
 * @param {(number: number) => void} open called with the batch that the visitor chooses
 */
export function showBlocks(view, batch, open) {
  const rest = batch.dropped.length;
  const room = view.clientWidth ? Math.min(BLOCKS, Math.max(FEWEST, Math.floor(view.clientWidth / BLOCK_WIDTH))) : BLOCKS;

  function block(place) {
    if (place === null) return make('span', '…', 'block gap');
    const isDropped = place === batch.batches;
    const size = isDropped ? rest : Math.min(batch.batch_size, batch.samples - place * batch.batch_size);
    const node = make(isDropped ? 'span' : 'button', null, 'block');
    node.style.setProperty('--fill', `${(100 * size) / batch.batch_size}%`);
    node.title = isDropped
      ? tn('drop_last throws away the last sample of the order', 'drop_last throws away the last {n} samples of the order', size)
      : tn('Batch {number}: {n} sample', 'Batch {number}: {n} samples', size, { number: place + 1 });
    node.append(make('i', isDropped ? '' : count(size)), make('span', isDropped ? `✕ ${count(size)}` : count(place + 1)));
    node.setAttribute('aria-label', node.title);
    node.classList.toggle('dropped', isDropped);
    if (isDropped) return node;
    Object.assign(node, { type: 'button' });
    node.dataset.place = place;
    node.classList.toggle('low', 2 * size < batch.batch_size);
    node.classList.toggle('past', place < batch.number);
    node.classList.toggle('now', place === batch.number);
    if (place === batch.number) node.setAttribute('aria-current', 'step');
    node.addEventListener('click', () => open(place));
    return node;
  }

  const focused = view.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.place : null;
  view.replaceChildren(...visiblePlaces(batch.number, batch.batches + (rest ? 1 : 0), room).map(block));
  if (focused !== null) /** @type {HTMLElement} */ (view.querySelector(`[data-place="${focused}"]`) ?? view.querySelector('.now'))?.focus();
}

/**
 * Draws each sample of the data set as a cell, in the order of the data set, line by line.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} key what the colours mean
 * @param {any} batch
 */
export function showMap(canvas, key, batch) {
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--tp-${name}`).trim();
  const width = canvas.clientWidth || 700;
  const samples = batch.samples;
  const columns = Math.max(1, Math.min(samples, Math.max(Math.floor(width / CELL), Math.ceil(Math.sqrt(samples * (width / MAP_HEIGHT))))));
  const lines = Math.ceil(samples / columns);
  const scale = Math.min(CELL, width / columns);
  const sharpness = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * sharpness);
  canvas.height = Math.max(1, Math.round(lines * scale * sharpness));
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  const pen = canvas.getContext('2d');
  pen.setTransform(sharpness * scale, 0, 0, sharpness * scale, 0, 0);
  const gap = scale > 5 ? 0.14 : 0;
  const cell = (index, extra) => {
    const side = 1 - gap + extra;
    pen.fillRect((index % columns) + (1 - side) / 2, Math.floor(index / columns) + (1 - side) / 2, side, side);
  };
  const earlier = bytes(batch.earlier_bits);
  pen.fillStyle = colour('track');
  if (gap) for (let i = 0; i < samples; i += 1) cell(i, 0);
  else {  // in two pieces: a seam would show between lines
    pen.fillRect(0, 0, columns, lines - 1);
    pen.fillRect(0, lines - 1.02, samples - (lines - 1) * columns, 1.02);
  }
  pen.fillStyle = colour('bar');
  for (let i = 0; i < samples; i += 1) if (earlier[i >> 3] & (128 >> (i & 7))) cell(i, gap ? 0 : 0.02);
  const extra = gap ? 0 : Math.max(0, 4 / scale - 1);
  pen.fillStyle = colour('naive');
  for (const index of batch.dropped) cell(index, extra);
  pen.fillStyle = colour('accent');
  for (const index of batch.indices) cell(index, extra);
  canvas.setAttribute('aria-label', t(
    '{samples} samples in the order of the data set: {earlier} already taken in this epoch, {now} in this batch, {dropped} dropped.',
    { samples, earlier: batch.earlier, now: batch.indices.length, dropped: batch.dropped.length },
  ));
  showKey(key, batch);
}

function showKey(view, { settings, dropped }) {
  const entries = [['accent', t('this batch')], ['bar', t('already taken in this epoch')], ['track', settings.sampler === 'weighted' ? t('not drawn yet') : t('still to come')]];
  if (dropped.length) entries.push(['naive', t('thrown away by drop_last')]);
  view.replaceChildren(make('b', t('Each cell is a sample, at its place in the data set:')), ...entries.map(([name, meaning]) => {
    const entry = make('span', meaning);
    entry.style.setProperty('--dot', `var(--tp-${name})`);
    return entry;
  }));
}
