// Questions to the server of which only the last answer counts.

/**
 * Asks again and again while there is something newer to ask: at most one request is on its way, and an answer to
 * anything but the newest state is dropped. A slider moves faster than a network answers.
 *
 * @template T
 * @param {() => Promise<T>} ask reads the state of the moment and asks the server
 * @param {(answer: T) => unknown} use is called with the answer to the newest state; `ask` may be wanted again meanwhile
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
