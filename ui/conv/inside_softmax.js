// The softmax, number by number.

import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { aligned, exponential, minus, percent } from '../kit/numbers.js';

/** @typedef {{ names: string[], logits: number[], raised: number[], total: number, shares: number[], others: [string, number][] }} Softmax */

const LEAST = 0.00005;   // what rounds to 0.00 %
const power = (/** @type {number} */ value) => (value >= 1e6 || (value < 0.001 && value > 0) ? exponential(value, 3) : minus(value.toFixed(4)));
const shareText = (/** @type {number} */ share) => (share > 0 && share < LEAST ? '<0.01 %' : percent(share, 2));

/** @param {HTMLElement} element @param {Softmax} softmax */
export function showSoftmax(element, { names, logits, raised, total, shares, others }) {
  const find = finder(element);
  const best = shares.indexOf(Math.max(...shares));
  find('.softmax tbody').replaceChildren(...names.map((name, i) => {
    const [row, head, bar, share] = [make('tr', undefined, i === best ? 'best' : ''), make('th', name), make('i'), make('td', undefined, 'share')];
    bar.style.width = `${100 * shares[i]}%`;
    share.append(bar, make('span', shareText(shares[i])));
    head.scope = 'row';
    row.append(head, make('td', aligned(logits[i])), make('td', power(raised[i])), make('td', `${power(raised[i])}\u00a0/ ${power(total)}`), share);
    return row;
  }));
  find('.rest').textContent = [
    t('The sum of the ten is {sum}.', { sum: power(total) }),
    ...others.map(([name, logit]) => t(
      'The network has one more logit, {logit} for “{name}”. It serves the warning in Classify and is not part of this softmax.',
      { name, logit: aligned(logit) },
    )),
  ].join(' ');
}
