// The end of a run: its accuracy before and after, of each class, and the samples that it got wrong.

import { findAll, finder, make } from '../kit/dom.js';
import { count, minus, percent } from '../kit/numbers.js';
import { showSamples, sure } from './results_pictures.js';

/** @param {number | null} loss */
export const lossText = (loss) => (loss === null ? 'not a number' : minus(loss >= 0.1 && loss < 10 ? loss.toFixed(3) : loss.toPrecision(3)));

/**
 * @param {HTMLElement} element
 * @param {import('./results_data.js').RunResults} results
 * @param {import('./results_pictures.js').PaintSamples} paintSamples
 */
export function showFinal(element, results, paintSamples) {
  const find = finder(element);
  const { report, classes } = results.overview;
  find('.final').hidden = !report;
  if (!report) return;
  const { before, after, samples, train } = report;
  find('.before').textContent = percent(before.accuracy);
  find('.after').textContent = percent(after.accuracy);
  const meaning = `Accuracy on the ${count(samples)} pictures of the test set, which the network was never trained on: first with the initial weights, then with the trained ones. ` +
    `Guessing gives about ${percent(1 / classes.length, 0)}. The loss went from ${lossText(before.loss)} to ${lossText(after.loss)}.` +
    (train ? ` On its own ${count(report.train_samples)} training samples the network reaches ${percent(train.accuracy)}.` : '');
  find('.meaning').textContent = meaning.replaceAll(' %', '\u00a0%');
  find('.classes').replaceChildren(...report.per_class.map(({ accuracy, right, samples: ofClass }, label) => {
    const bar = make('i');
    bar.style.width = `${100 * (accuracy ?? 0)}%`;
    const track = make('span', undefined, 'track');
    track.append(bar);
    const row = make('li');
    row.append(make('span', results.className(label), 'name'), track, make('b', percent(accuracy)), make('small', `${count(right)} of ${count(ofClass)}`));
    return row;
  }));
  /** @type {['confident' | 'highest', string, import('./results_data.js').Sample[], (sample: import('./results_data.js').Sample) => ['b' | 'span' | 'small', string][]][]} */
  const lists = [
    ['confident', 'test', report.confident, ({ index, label, answer, confidence }) => [
      ['b', `says ${results.className(answer)}`], ['span', `${sure(confidence)} sure`], ['span', `is ${results.className(label)}`], ['small', `#${count(index)}`]]],
    ['highest', 'train', report.highest, ({ index, label, answer, confidence, loss }) => [
      ['b', `loss ${lossText(loss)}`], ['span', `says ${results.className(answer)}`], ['span', `${sure(confidence)} sure`], ['span', `label ${results.className(label)}`],
      ['small', `#${count(index)}`]]],
  ];
  for (const [name, part, list, caption] of lists) {
    findAll(element, `[data-list=${name}]`).forEach((node) => { node.hidden = !list.length; });
    paintSamples(showSamples(find(`.${name}`), list, caption), part, list.map(({ index }) => index));
  }
}
