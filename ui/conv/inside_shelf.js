// The maps of the open layer, or the filters that made them, as tiles.

import { findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { aligned } from '../kit/numbers.js';
import { mapSize } from './inside_layers.js';
import { levelOf, mapOf, painted, sheetOf } from './inside_sprites.js';

/** @typedef {import('./inside_layers.js').Row} Row */
/** @typedef {{ first: number, sprite: string, highest: number[] }} Maps up to 32 maps of a layer from number `first` on, and the largest number of each */

const SIGNED = t('Black is 0. The strongest colour is the largest number of this layer, whatever its sign.');
const FILTERS = t('Each filter makes one map. Orange weights are above 0, blue ones below.');

/**
 * @param {HTMLElement} element
 * @param {object} page
 * @param {(row: Row, source: number | null) => Promise<any>} page.askFilters source: an input map; null for the length over all
 * @param {(channel: number) => void} page.onChosen
 * @param {(step: number) => void} page.onPage earlier maps for -1, later ones for 1
 * @param {(channel: number) => string | undefined} page.nameOf a class, where the channel is its logit
 * @param {(sentence: string) => void} page.onProblem
 */
export function makeShelf(element, { askFilters, onChosen, onPage, nameOf, onProblem }) {
  const find = finder(element);
  const source = find('.source select');
  /** @type {{ row: Row, maps: Maps } | null} */
  let layer = null;
  let areFilters = false;   // whether the tiles show filters, where the layer has some
  let channel = -1;
  let turn = 0;

  /** @param {number} largest */
  function showScale(largest) {
    find('.low').textContent = aligned(-largest);
    find('.high').textContent = aligned(largest);
  }

  function showChoice() {
    const { row } = layer;
    find('.choice').hidden = !row.has_filters;
    find('.source').hidden = !areFilters || row.inputs === 1;
    for (const button of findAll(element, '[data-show]')) {
      button.setAttribute('aria-pressed', String((button.dataset.show === 'filters') === areFilters));
    }
    if (Number(source.dataset.count) === row.inputs) return;
    source.dataset.count = row.inputs;
    source.replaceChildren(new Option(t('all (length)'), ''), ...Array.from({ length: row.inputs }, (_, i) => new Option(String(i), String(i))));
  }

  /** The pictures of the tiles, the size of the strongest colour, and a sentence about them. @param {Row} row @param {Maps} maps */
  async function mapPictures(row, maps) {
    const sheet = await sheetOf(maps.sprite);
    return { pictures: maps.highest.map((_, n) => mapOf(sheet, n, mapSize(row))), largest: row.largest, sentence: SIGNED };
  }

  /** @param {Row} row @param {Maps} maps */
  async function filterPictures(row, maps) {
    const isWhole = source.value === '' && row.inputs > 1;
    const answer = await askFilters(row, row.inputs === 1 ? 0 : isWhole ? null : Number(source.value));
    if (answer.problem) return answer;
    const kernels = /** @type {number[][][]} */ (answer.filters);
    const largest = Math.max(...kernels.flat(2).map(Math.abs));
    const side = kernels[0].length;
    const pictures = kernels.slice(maps.first, maps.first + maps.highest.length)
      .map((kernel) => painted(kernel.flat().map((weight) => levelOf(weight, largest)), side, side));
    const sentence = isWhole
      ? t('Each filter has {count} kernels, one for each input map. Shown is √(w₁² + w₂² + …) over all of them.', { count: row.inputs }) : FILTERS;
    return { pictures, largest, sentence };
  }

  /** @param {HTMLCanvasElement} picture @param {number} number */
  function tile(picture, number) {
    const name = nameOf(number);
    const button = make('button', undefined, 'small');
    button.type = 'button';
    button.title = areFilters ? t('Filter {number}', { number }) : name ? t('Logit of {name}', { name }) : t('Map {number}', { number });
    button.dataset.channel = String(number);
    button.setAttribute('aria-label', button.title);
    button.setAttribute('aria-pressed', String(number === channel));
    button.append(picture, make('span', name ?? String(number)));
    button.addEventListener('click', () => onChosen(number));
    return button;
  }

  async function showTiles() {
    const { row, maps } = layer;
    turn += 1;
    const request = turn;
    const { problem, pictures, largest, sentence } = await (areFilters ? filterPictures : mapPictures)(row, maps);
    if (request !== turn) return;
    if (problem) {
      onProblem(problem);
      return;
    }
    showScale(largest);
    find('.how').textContent = sentence;
    const view = find('.maps');
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const focused = view.contains(active) ? active.dataset.channel : undefined;
    view.classList.toggle('named', row.is_logits);
    view.replaceChildren(...pictures.map((picture, n) => tile(picture, maps.first + n)));
    if (focused) view.querySelector(`[data-channel="${focused}"]`)?.focus();
  }

  for (const button of findAll(element, '[data-show]')) {
    button.addEventListener('click', () => {
      areFilters = button.dataset.show === 'filters';
      showChoice();
      showTiles();
    });
  }
  source.addEventListener('change', showTiles);
  find('.less').addEventListener('click', () => onPage(-1));
  find('.more').addEventListener('click', () => onPage(1));

  return {
    /** Another layer, or other maps of it; resolves when the tiles are there. @param {Row} row @param {Maps} maps */
    async show(row, maps) {
      layer = { row, maps };
      if (!row.has_filters) areFilters = false;
      const count = row.shape[0];
      const last = Math.min(count, maps.first + maps.highest.length) - 1;
      find('.pager').hidden = count === maps.highest.length;
      find('.range').textContent = t('{first} to {last} of {count}', { first: maps.first, last, count });
      find('.less').disabled = maps.first === 0;
      find('.more').disabled = last === count - 1;
      showChoice();
      await showTiles();
    },
    /** @param {number} next the channel that is enlarged */
    mark(next) {
      channel = next;
      for (const button of findAll(element, '.small')) button.setAttribute('aria-pressed', String(Number(button.dataset.channel) === channel));
    },
  };
}
