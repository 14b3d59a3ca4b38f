// Requests to the server. Often only the last answer counts.

import { t } from './language.js';

export const NO_ANSWER = t('The server did not answer. Is it still running?');

/**
 * The answer to one request; without one {problem: a sentence}, and `lost` when the server itself is away.
 *
 * @template R
 * @param {(request: R) => Promise<any>} call a function of `server`
 * @param {R} request
 * @returns {Promise<any>}
 */
export async function reply(call, request) {
  try {
    return await call(request);
  } catch {
    return { problem: NO_ANSWER, lost: true };
  }
}

/**
 * Asks again and again while there is something newer to ask: at most one request is on its way, and an answer to
 * anything but the newest state is dropped. A slider moves faster than a network answers.
 *
 * @template T
 * @param {() => Promise<T>} ask reads the state of the moment and asks the server
 * @param {(answer: T) => unknown} use gets the answer to the newest state; the state may change again while it runs
 * @returns {() => Promise<void>} call it after every change
 */
export function latest(ask, use) {
  let isOnItsWay = false;
  let isOutdated = false;
  return async () => {
    isOutdated = true;
    if (isOnItsWay) return;
    isOnItsWay = true;
    try {
      while (isOutdated) {
        isOutdated = false;
        const answer = await ask();
        if (!isOutdated) await use(answer);
      }
    } finally {
      isOnItsWay = false;
    }
  };
}

/**
 * Numbers requests of which only the newest counts, whatever its subject.
 *
 * @returns {() => () => boolean} call it before each request: it returns a function that tells whether no other has begun since
 */
export function turns() {
  let newest = 0;
  return () => {
    newest += 1;
    const turn = newest;
    return () => turn === newest;
  };
}
