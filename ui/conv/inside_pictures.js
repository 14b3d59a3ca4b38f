// The pictures that may go through the network: examples, and the visitor's own.

import { makeButton } from '../kit/controls.js';
import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { GREYS, bytes, paint } from '../kit/paint.js';

/**
 * @typedef {object} Picture
 * @property {string} pixels base64 of 28 x 28 grey levels
 * @property {object} source what stands for it in a request
 * @property {string} name
 * @property {string} [title] of its tile
 * @property {string} [note]
 */

export const SIDE = 28;
const FIRST = 9;   // the example that the part opens with

/** @param {HTMLCanvasElement} canvas @param {Picture} picture */
export const paintPicture = (canvas, { pixels }) => paint(canvas, bytes(pixels), SIDE, SIDE, GREYS);

/**
 * @param {HTMLElement} element
 * @param {{ askExamples: (seed: number) => Promise<any>, onChosen: (picture: Picture) => void, onProblem: (sentence: string) => void }} page
 */
export function makeChooser(element, { askExamples, onChosen, onProblem }) {
  const find = finder(element);
  /** @type {Picture | null} */
  let own = null;
  /** @type {Picture[]} */
  let examples = [];
  /** @type {Picture | null} */
  let chosen = null;
  let seed = 1;
  let isOnItsWay = false;

  const all = () => (own ? [own, ...examples] : examples);

  function mark() {
    [...find('.tiles').children].forEach((tile, i) => tile.setAttribute('aria-pressed', String(all()[i].pixels === chosen?.pixels)));
  }

  function showTiles() {
    find('.tiles').replaceChildren(...all().map((picture) => {
      const [tile, canvas] = [makeButton(null, () => use(picture), 'tile'), make('canvas')];
      paintPicture(canvas, picture);
      tile.classList.toggle('own', picture === own);
      tile.append(canvas, make('span', picture.title ?? picture.name));
      return tile;
    }));
    mark();
  }

  /** @param {Picture} picture */
  function use(picture) {
    chosen = picture;
    mark();
    onChosen(picture);
  }

  /** @param {number} next seed of other examples */
  async function bring(next) {
    if (isOnItsWay) return;
    isOnItsWay = true;
    const answer = await askExamples(next);
    isOnItsWay = false;
    if (answer.problem) {
      onProblem(answer.problem);
      return;
    }
    const place = examples.findIndex(({ pixels }) => pixels === chosen?.pixels);
    seed = next;
    examples = answer.examples;
    showTiles();
    if (!chosen || place >= 0) use(examples[place >= 0 ? place : FIRST]);
  }

  find('.others').addEventListener('click', () => bring(seed + 1));
  return {
    /** Fetches the examples where they are not here. */
    bringFirst() { if (!examples.length) bring(seed); },
    /** Takes a picture of the visitor, unless it is here already: an example that was chosen since then stays. @param {Pick<Picture, 'pixels' | 'source' | 'note'>} picture */
    take({ pixels, source, note }) {
      if (own?.pixels === pixels) return;
      own = { pixels, source, note, name: t('your picture'), title: t('Yours') };
      showTiles();
      use(own);
    },
  };
}
