// The line under the title: how much of Fashion-MNIST has arrived.

import { announceArrival } from './arrival.js';
import { finder, pause } from './dom.js';
import { t } from './language.js';
import { reply } from './latest.js';

const BETWEEN = 1000;   // ms between two requests
const MEGABYTE = 1e6;

/** @typedef {{ state: 'fetching' | 'here' | 'failed' | 'missing', done: number, total: number, problem: string }} Status */

/** @param {import('./control.js').Context} context */
export function mount({ element, server, trigger }) {
  const find = finder(element);
  const bar = find('progress');
  let isFollowing = false;

  /** @param {Status} status @param {boolean} isFirst whether the page has just opened */
  function show({ state, done, total, problem }, isFirst) {
    const megabytes = (/** @type {number} */ bytes) => (bytes / MEGABYTE).toFixed(1);
    const texts = {
      fetching: t('Fetching Fashion-MNIST, the data set of most tutorials: {done} of {total} MB', { done: megabytes(done), total: megabytes(total) }),
      here: isFirst ? '' : t('Fashion-MNIST is here: DataLoader and Train offer it now.'),
      failed: problem,
      missing: '',
    };
    const isConnecting = state === 'fetching' && done === 0;
    find('p').textContent = isConnecting ? t('Looking for Fashion-MNIST, the data set of most tutorials …') : texts[state];
    find('.download').hidden = !find('p').textContent;
    bar.hidden = state !== 'fetching' || isConnecting;
    Object.assign(bar, { max: Math.max(total, 1), value: done });
    find('.retry').hidden = state !== 'failed';
  }

  /** @param {(request?: any) => Promise<any>} ask */
  async function follow(ask) {
    if (isFollowing) return;
    isFollowing = true;
    let answer = await reply(ask, null);
    if (!answer.lost) show(answer, true);
    while (answer.lost || answer.state === 'fetching') {
      await pause(BETWEEN);
      answer = await reply(server.status, null);
      if (!answer.lost) show(answer, false);
    }
    isFollowing = false;
    if (answer.state !== 'here') return;
    announceArrival();
    trigger('submit');
  }

  find('.retry').addEventListener('click', () => follow(server.retry));
  follow(server.status);
}
