// The 28x28 that the network was given, number by number, and the one of the naive way beside it.

import { finder } from '../kit/dom.js';
import { arrow, lay, placeUnder, within } from '../kit/grid.js';
import { t } from '../kit/language.js';
import { signed } from '../kit/numbers.js';
import { bytes, GREYS, paint } from '../kit/paint.js';

const SIDE = 28;
/** @type {import('../kit/grid.js').Size} */
const SIZE = [SIDE, SIDE];
const MIDDLE = [14, 14];
const HINT = t('Point at a pixel to read its number.');

const pixelsOf = (base64) => (base64 ? bytes(base64) : new Uint8Array(SIDE * SIDE));

/**
 * @param {HTMLElement} element
 * @param {{ mean: number, std: number }} normalisation
 * @returns {(ours: string | undefined, theirs: string | undefined) => void} shows other pictures: base64 of their bytes
 */
export function mountPixels(element, { mean, std }) {
  const find = finder(element);
  const canvas = find('canvas.ours');
  let pixels = pixelsOf('');
  /** @type {number[] | null} */
  let place = null;

  function read(next) {
    place = next;
    find('.cell').hidden = !place;
    find('.reading').textContent = HINT;
    if (!place) return;
    const [row, column] = place;
    const value = pixels[SIDE * row + column];
    lay(find('.cell'), place, [1, 1], SIZE);
    const normalised = signed((value / 255 - mean) / std, 2);
    find('.reading').textContent = t('Row {row}, column {column}:\n{value} of 255, normalised {normalised}', { row, column, value, normalised });
  }

  const point = (event) => read(within(placeUnder(event, canvas, SIZE), SIZE));
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') read(null); });
  canvas.addEventListener('blur', () => read(null));
  canvas.addEventListener('keydown', (event) => {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    read(within((place ?? MIDDLE).map((at, i) => at + step[i]), SIZE));
  });

  return (ours, theirs) => {
    pixels = pixelsOf(ours);
    for (const view of [canvas, find('canvas.small')]) paint(view, pixels, SIDE, SIDE, GREYS);
    paint(find('canvas.theirs'), pixelsOf(theirs), SIDE, SIDE, GREYS);
    canvas.setAttribute('aria-label', ours ? t('The 28 by 28 grey picture the network was given') : t('Nothing yet'));
    read(place);
  };
}
