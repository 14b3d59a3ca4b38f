// What a run has learned after an epoch: the weights of the first layer, and answers to a dozen pictures.

import { findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { minus, percent } from '../kit/numbers.js';
import { RAMP, bytes, paint } from '../kit/paint.js';
import { sampleCanvas } from './results_pictures.js';

/**
 * @typedef {import('./results_data.js').RunResults} RunResults
 * @typedef {import('./results_data.js').Filters} Filters
 * @typedef {import('./results_data.js').Snapshot} Snapshot
 */

const end = (/** @type {number} */ weight) => minus(Math.abs(weight) < 1e4 ? weight : weight.toExponential(1));

/** @param {HTMLElement} element @param {RunResults} results @param {Filters | null} filters */
export function showFilters(element, results, filters) {
  const find = finder(element);
  find('.first').hidden = !filters;
  if (!filters) return;
  const { kind, count, total, width, height, largest } = filters;
  const areClasses = kind === 'weights' && total === results.overview.classes.length;
  const areUnits = kind === 'weights' && !areClasses;
  const view = find('.kernels');
  view.classList.toggle('large', areClasses);
  view.classList.toggle('middle', areUnits);
  while (view.children.length > count) view.lastElementChild.remove();
  while (view.children.length < count) view.append(make('canvas'));
  const levels = bytes(filters.pixels);
  findAll(view, 'canvas').forEach((canvas, n) => {
    paint(canvas, levels.subarray(n * width * height, (n + 1) * width * height), width, height, RAMP);
    const name = areClasses ? t('Weights of {label}', { label: results.className(n) }) : areUnits ? t('Weights of hidden unit {n}', { n }) : t('Filter {n}', { n });
    const rows = filters.values?.[n]?.map((row) => row.map((value) => minus(value.toFixed(2))).join('  '));
    canvas.title = [name, ...(rows ?? [])].join('\n');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', name);
  });
  find('.first code').textContent = `${filters.name}: ${filters.code}`;
  find('.low').textContent = largest === null ? '' : end(-largest);
  find('.high').textContent = largest === null ? '' : end(largest);
  const legend = areClasses ? t('One picture for each class: orange weights are above 0, blue ones below, black ones near 0.')
    : areUnits ? t('One picture for each hidden unit: orange weights are above 0, blue ones below, black ones near 0.')
      : t('Each filter makes one feature map: orange weights are above 0, blue ones below, black ones near 0.');
  const part = count < total ? t('The first {count} of {total}.', { count, total }) : '';
  find('.first .how').textContent = largest === null ? t('The weights are no longer finite numbers: the run is lost.') : `${part} ${legend}`.trim();
}

/**
 * @param {HTMLElement} view
 * @param {RunResults} results
 * @param {Snapshot['glances']} glances
 * @returns {HTMLCanvasElement[]} to be painted
 */
export function showGlances(view, results, glances) {
  const classes = results.overview.classes.length;
  // the bars stay the same elements: they slide to their new heights
  if (view.children.length !== glances.length || findAll(view, 'li:first-child i').length !== classes) {
    view.replaceChildren(...glances.map(({ probabilities }) => {
      const canvas = sampleCanvas();
      const bars = make('div', undefined, 'bars');
      bars.append(...probabilities.map(() => make('i')));
      [canvas, bars].forEach((part) => part.setAttribute('aria-hidden', 'true'));
      const tile = make('li');
      tile.append(canvas, bars, make('b'), make('span'));
      return tile;
    }));
  }
  return glances.map(({ label, probabilities }, n) => {
    const tile = /** @type {HTMLElement} */ (view.children[n]);
    const [canvas, bars, answer, truth] = tile.children;
    const best = probabilities.reduce((most, share, k) => ((share ?? 0) > (probabilities[most] ?? 0) ? k : most), 0);
    /** @type {HTMLElement[]} */ ([...bars.children]).forEach((bar, k) => {
      bar.style.setProperty('--share', String(probabilities[k] ?? 0));
      bar.className = `${k === label ? 'true' : ''} ${k === best ? 'best' : ''}`;
    });
    const isRight = best === label;
    tile.classList.toggle('wrong', !isRight);
    answer.textContent = `${isRight ? '✓' : '✗'} ${results.className(best)} ${percent(probabilities[best], 0)}`;
    truth.textContent = isRight ? '' : t('is {label}, {share}', { label: results.className(label), share: percent(probabilities[label], 0) });
    tile.title = probabilities.map((share, k) => `${results.className(k)}: ${percent(share)}`).join('\n');
    return /** @type {HTMLCanvasElement} */ (canvas);
  });
}
