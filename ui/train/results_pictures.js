// Pictures of samples, which the server sends when they are needed.

import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { percent } from '../kit/numbers.js';
import { GREYS, bytes, paint } from '../kit/paint.js';

/**
 * @typedef {import('./results_data.js').RunResults} RunResults
 * @typedef {(canvases: HTMLCanvasElement[], part: string, indices: number[]) => void} PaintSamples
 */

/** How sure the network is of its answer. @param {number | null} share */
export const sure = (share) => (share !== null && share >= 0.9995 ? '>99.9 %' : percent(share));

/** An empty picture. */
export const sampleCanvas = () => Object.assign(make('canvas'), { width: 28, height: 28 });

/**
 * Paints samples as soon as their pictures arrive.
 *
 * @param {RunResults} results
 * @param {HTMLCanvasElement[]} canvases
 * @param {string} part of the data
 * @param {number[]} indices
 * @returns {Promise<string>} what went wrong, or ''
 */
export async function paintSamples(results, canvases, part, indices) {
  const problem = await results.loadPictures(part, indices);
  canvases.forEach((canvas, i) => {
    const picture = results.picture(part, indices[i]);
    if (picture) paint(canvas, bytes(picture.pixels), 28, 28, GREYS);
  });
  return problem;
}

/**
 * Fills a view with samples.
 *
 * @template {{ index: number }} S
 * @param {HTMLElement} view
 * @param {S[]} samples
 * @param {(sample: S) => ['b' | 'span' | 'small', string][]} caption its lines
 * @returns {HTMLCanvasElement[]} to be painted
 */
export function showSamples(view, samples, caption) {
  const canvases = samples.map(sampleCanvas);
  view.replaceChildren(...samples.map((sample, i) => {
    canvases[i].setAttribute('role', 'img');
    canvases[i].setAttribute('aria-label', t('Picture {index}', { index: sample.index }));
    const figure = make('figure', undefined, 'picture');
    const text = make('figcaption');
    text.append(...caption(sample).map(([tag, line]) => make(tag, line)));
    figure.append(canvases[i], text);
    return figure;
  }));
  return canvases;
}
