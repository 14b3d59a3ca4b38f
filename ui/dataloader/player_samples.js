// The samples of a batch: pictures or rows of numbers, what the loop gets, and how often each class occurs.

import { makeButton } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';

const LONG = 4;   // letters; longer numbers are written smaller

/**
 * @typedef {object} Actions
 * @property {(index: number) => void} open shows a sample
 * @property {(batch: any) => boolean} isCurrent whether the batch is still on screen
 */

/** @param {Actions} actions */
function makeTile({ open }) {
  const tile = makeButton(null, () => open(Number(tile.dataset.index)), 'picture');
  tile.append(make('canvas'), make('span', '', 'big'), make('b'), make('small'));
  return tile;
}

/** Cuts the pictures of a batch, which are below each other in one image, into their tiles. */
function paintTiles(tiles, { sprite, height, width }, isCurrent) {
  const sheet = new Image();
  sheet.onload = () => {
    if (!isCurrent()) return;
    tiles.forEach((tile, i) => {
      const [canvas] = tile.children;
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      canvas.getContext('2d').drawImage(sheet, 0, i * height, width, height, 0, 0, width, height);
    });
  };
  sheet.src = sprite;
}

/** @param {HTMLElement} view @param {any} batch @param {Actions} actions */
export function showPictures(view, batch, actions) {
  const { sprite, indices, first, labels } = batch;
  const words = batch.kind === 'row' ? [] : batch.words;
  while (view.children.length > words.length) view.lastElementChild.remove();
  while (view.children.length < words.length) view.append(makeTile(actions));
  const tiles = /** @type {any[]} */ ([...view.children]);
  const isLong = words.some((word) => word.length > LONG);
  tiles.forEach((tile, i) => {
    const [canvas, big, label, number] = tile.children;
    const index = indices[first + i];
    tile.dataset.index = index;
    tile.title = t('{label}, index {index}: open this sample', { label: labels[i], index });
    canvas.hidden = !sprite;
    big.hidden = Boolean(sprite);
    big.textContent = sprite ? '' : words[i];
    big.classList.toggle('long', isLong);
    label.textContent = labels[i];
    number.textContent = `#${count(index)}`;
  });
  if (sprite && tiles.length) paintTiles(tiles, batch, () => actions.isCurrent(batch));
}

/** @param {HTMLTableElement} table @param {any} batch @param {Actions} actions */
export function showRows(table, batch, { open }) {
  table.hidden = batch.kind !== 'row';
  if (table.hidden) return table.replaceChildren();
  const head = make('tr');
  const columns = batch.columns.map((name) => make('th', name));
  columns.forEach((column) => { column.translate = false; });   // the visitor's own names
  head.append(make('th', t('index')), ...columns, make('th', t('label')));
  table.replaceChildren(head, ...batch.words.map((cells, i) => {
    const row = make('tr');
    const index = batch.indices[batch.first + i];
    const start = make('td');
    start.append(makeButton(count(index), () => open(index), ''));
    row.append(start, ...cells.map((cell) => make('td', cell)), make('td', batch.labels[i]));
    return row;
  }));
}

/** What the loop gets, as pairs of code and result. @param {HTMLElement} body @param {any} batch */
export function showFacts(body, { facts }) {
  body.replaceChildren(...facts.map(([code, value]) => {
    const row = make('tr');
    row.append(make('td', code), make('td', value));
    return row;
  }));
}

/** How many samples of each class there are. @param {HTMLElement} view @param {any} batch */
export function showCounts(view, { classes, counts }) {
  const most = Math.max(1, ...counts);
  view.replaceChildren(...classes.map((name, k) => {
    const row = make('li');
    const track = make('span', null, 'track');
    const bar = make('i');
    bar.style.width = `${(100 * counts[k]) / most}%`;
    track.append(bar);
    row.append(make('span', name, 'name'), track, make('span', String(counts[k]), 'count'));
    row.title = name;
    return row;
  }));
}
