// One map, enlarged: pointing at a cell shows its number and what it sees of the picture; resting on it explains it.

import { finder, make } from '../kit/dom.js';
import { arrow, lay, placeUnder, within } from '../kit/grid.js';
import { t } from '../kit/language.js';
import { aligned } from '../kit/numbers.js';
import { SIDE } from './inside_pictures.js';
import { levelOf, painted } from './inside_sprites.js';

/** @typedef {import('./inside_layers.js').Row} Row */
/** @typedef {[number, number]} Place row and column */

const REST = 350;   // ms that the pointer rests on a cell before its arithmetic is requested
const PICTURE = /** @type {[number, number]} */ ([SIDE, SIDE]);
const isSame = (/** @type {Place | null} */ a, /** @type {Place | null} */ b) => String(a) === String(b);

/**
 * @param {HTMLElement} element
 * @param {(place: Place) => void} onChosen a cell is to be explained
 */
export function makeMap(element, onChosen) {
  const find = finder(element);
  const canvas = find('canvas.map');
  /** @type {{ row: Row, values: number[][] } | null} */
  let map = null;           // null while its numbers are on their way
  /** @type {Place | null} */
  let chosen = null;        // the cell that is explained
  /** @type {Place | null} */
  let pointed = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  /** @returns {[number, number]} */
  const size = () => [map.values.length, map.values[0].length];

  /** The part of the picture that a cell depends on. @param {Place} place */
  function showField(place) {
    const { field } = map.row;
    if (!field) {
      lay(find('.window'), [0, 0], PICTURE, PICTURE);
      find('.sees').textContent = t('This number depends on the whole picture.');
      return;
    }
    const start = place.map((at, axis) => field.start[axis] + at * field.jump[axis]);
    const [top, left] = start.map((at) => Math.max(0, at));
    const [bottom, right] = start.map((at, axis) => Math.min(SIDE, at + field.size[axis]));
    lay(find('.window'), [top, left], [bottom - top, right - left], PICTURE);
    const isCut = (bottom - top) * (right - left) < field.size[0] * field.size[1];
    const sizes = { size: `${field.size[0]} × ${field.size[1]}`, part: `${bottom - top} × ${right - left}` };
    find('.sees').textContent = isCut
      ? t('Receptive field: a cell of this layer sees {size} pixels, here {part} of the picture: the rest is padding.', sizes)
      : t('Receptive field: a cell of this layer sees {size} pixels.', sizes);
  }

  function showPlace() {  // the cell under the pointer, else the chosen one
    const place = pointed ?? chosen;
    const [row, column] = place;
    const [height, width] = size();
    lay(find('.at'), place, [1, 1], [height, width]);
    find('.at').classList.toggle('preview', Boolean(pointed) && !isSame(pointed, chosen));
    const text = height * width > 1 ? t('row {row}, column {column}', { row, column }) : t('one number');
    find('.reading').replaceChildren(make('b', aligned(map.values[row][column])), make('span', text));
    showField(place);
  }

  /** @param {Place} place */
  function point(place) {
    pointed = place;
    showPlace();
    clearTimeout(resting);
    resting = setTimeout(() => { if (pointed && !isSame(pointed, chosen)) onChosen(pointed); }, REST);
  }

  /** @param {MouseEvent} event */
  const placeOf = (event) => within(placeUnder(event, canvas, size()), size());

  canvas.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => { if (map) point(placeOf(event)); });
  canvas.addEventListener('pointerleave', () => {
    clearTimeout(resting);
    pointed = null;
    if (map) showPlace();
  });
  canvas.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    clearTimeout(resting);
    if (map) onChosen(placeOf(event));
  });
  canvas.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = arrow(event);
    if (!step || !map) return;
    event.preventDefault();
    const from = pointed ?? chosen;
    point(within([from[0] + step[0], from[1] + step[1]], size()));
  });
  canvas.addEventListener('blur', () => {
    clearTimeout(resting);
    if (pointed && map) onChosen(pointed);
    pointed = null;
  });

  return {
    /** The numbers of a map. @param {Row} row @param {number[][]} values @param {string} name */
    show(row, values, name) {
      map = { row, values };
      const [height, width] = size();
      Object.assign(canvas, { width, height });
      canvas.getContext('2d').drawImage(painted(values.flat().map((value) => levelOf(value, row.largest)), width, height), 0, 0);
      find('.map-name').textContent = name;
      canvas.setAttribute('aria-label', t('{map}, layer {layer}. The arrow keys choose a cell.', { map: name, layer: row.name }));
      pointed = null;
    },
    /** The cell that is explained from now on. @param {Place} place */
    choose(place) {
      chosen = place;
      showPlace();
    },
    /** Other numbers are on their way: nothing can be pointed at. */
    clear() { map = null; },
    /** Another layer is on its way, whose map has no chosen cell yet. */
    forget() {
      clearTimeout(resting);
      map = chosen = pointed = null;
    },
    isReady: () => map !== null,
    getChosen: () => chosen,
  };
}
