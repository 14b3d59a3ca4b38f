// The end of a run: its accuracy before and after, for each class, and the samples it got wrong.

import { findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count, minus, percent } from '../kit/numbers.js';
import { showSamples, sure } from './results_pictures.js';

/** @param {number | null} loss */
export const lossText = (loss) => (loss === null ? t('not a number') : minus(loss >= 0.1 && loss < 10 ? loss.toFixed(3) : loss.toPrecision(3)));

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
  const meaning = [
    t('Accuracy on the {samples} pictures of the test set, which the network was never trained on: first with the initial weights, then with the trained ones.', { samples: count(samples) }),
    t('Guessing gives about {share}.', { share: percent(1 / classes.length, 0) }),
    t('The loss went from {before} to {after}.', { before: lossText(before.loss), after: lossText(after.loss) }),
    train ? t('On its own {samples} training samples the network reaches {share}.', { samples: count(report.train_samples), share: percent(train.accuracy) }) : '',
  ];
  find('.meaning').textContent = meaning.filter(Boolean).join(' ').replaceAll(' %', '\u00a0%');
  find('.classes').replaceChildren(...report.per_class.map(({ accuracy, right, samples: ofClass }, label) => {
    const bar = make('i');
    bar.style.width = `${100 * (accuracy ?? 0)}%`;
    const track = make('span', undefined, 'track');
    track.append(bar);
    const row = make('li');
    row.append(make('span', results.className(label), 'name'), track, make('b', percent(accuracy)), make('small', t('{right} of {all}', { right: count(right), all: count(ofClass) })));
    return row;
  }));
  const says = (/** @type {number} */ answer) => t('says {answer}', { answer: results.className(answer) });
  const howSure = (/** @type {number | null} */ confidence) => t('{share} sure', { share: sure(confidence) });
  /** @type {['confident' | 'highest', string, import('./results_data.js').Sample[], (sample: import('./results_data.js').Sample) => ['b' | 'span' | 'small', string][]][]} */
  const lists = [
    ['confident', 'test', report.confident, ({ index, label, answer, confidence }) => [
      ['b', says(answer)], ['span', howSure(confidence)], ['span', t('is {label}', { label: results.className(label) })], ['small', `#${count(index)}`]]],
    ['highest', 'train', report.highest, ({ index, label, answer, confidence, loss }) => [
      ['b', t('loss {loss}', { loss: lossText(loss) })], ['span', says(answer)], ['span', howSure(confidence)], ['span', t('label {label}', { label: results.className(label) })],
      ['small', `#${count(index)}`]]],
  ];
  for (const [name, part, list, caption] of lists) {
    findAll(element, `[data-list=${name}]`).forEach((node) => { node.hidden = !list.length; });
    paintSamples(showSamples(find(`.${name}`), list, caption), part, list.map(({ index }) => index));
  }
}
