// The layers of the network in order, each with a strip of its first maps.

import { makeButton } from '../kit/controls.js';
import { findAll, finder, make, makeName } from '../kit/dom.js';
import { sheetOf } from './inside_sprites.js';

/**
 * @typedef {object} Row one layer, as `_row` of inside.py returns it
 * @property {string} name
 * @property {string} kind
 * @property {string} part of the network
 * @property {string} code
 * @property {number[]} shape
 * @property {number} parameters
 * @property {number} inputs how many maps go in
 * @property {boolean} has_filters
 * @property {boolean} is_logits
 * @property {number} largest size of its numbers
 * @property {{ size: number[], jump: number[], start: number[] } | null} field
 * @property {string} sprite its first maps
 * @property {number} in_sprite how many of them
 */

const SIDE = 28;   // px of a map in a strip
const GAP = 3;

/** @param {Row} row */
export const shapeOf = ({ shape }) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`);

/** Height and width of a map; a layer without maps has one number a channel. @param {Row} row @returns {[number, number]} */
export const mapSize = ({ shape }) => (shape.length === 3 ? [shape[1], shape[2]] : [1, 1]);

/**
 * @param {HTMLElement} element
 * @param {Record<string, { title: string }>} kinds
 * @param {(index: number) => void} onChosen
 */
export function makeLayers(element, kinds, onChosen) {
  const list = finder(element)('.list');
  /** @type {Row[]} */
  let rows = [];
  let stripWidth = 0;

  const buttons = () => findAll(list, '.layer');

  function build() {
    let part = '';
    rows.forEach((row, i) => {
      if (row.part !== part) {
        part = row.part;
        list.append(make('h4', part));
      }
      const button = makeButton(null, () => onChosen(i), 'layer');
      button.append(makeName('b', row.name), make('small', kinds[row.kind].title), make('span', shapeOf(row)), make('canvas'));
      list.append(button);
    });
  }

  async function showStrips() {
    const current = rows;
    const sheets = await Promise.all(rows.map((row) => sheetOf(row.sprite)));
    if (current !== rows) return;
    const sharp = window.devicePixelRatio || 1;
    buttons().forEach((button, i) => {
      const canvas = button.querySelector('canvas');
      const fits = Math.min(rows[i].in_sprite, Math.max(1, Math.floor((canvas.clientWidth + GAP) / (SIDE + GAP))));
      canvas.width = Math.round(canvas.clientWidth * sharp);
      canvas.height = SIDE * sharp;
      const pen = canvas.getContext('2d');
      pen.imageSmoothingEnabled = false;
      const [height, width] = mapSize(rows[i]);
      for (let n = 0; n < fits; n += 1) {
        pen.drawImage(sheets[i], 0, n * height, width, height, Math.round(n * (SIDE + GAP) * sharp), 0, SIDE * sharp, SIDE * sharp);
      }
    });
  }

  new ResizeObserver(() => {
    if (!rows.length || list.clientWidth === stripWidth) return;
    stripWidth = list.clientWidth;
    showStrips();
  }).observe(list);

  return {
    /** Shows the layers for another picture. @param {Row[]} next */
    show(next) {
      rows = next;
      if (!list.children.length) build();
      showStrips();
    },
    /** @param {number} index of the open layer */
    mark(index) {
      buttons().forEach((button, i) => {
        button.classList.toggle('on', i === index);
        if (i === index) button.setAttribute('aria-current', 'true');
        else button.removeAttribute('aria-current');
      });
    },
  };
}
