// What one part of the page tells others.

/**
 * @template T
 * @typedef {object} Signal
 * @property {(element: HTMLElement, listener: (message: T) => unknown) => void} listen a control listens as long as its
 *   element is in the page
 * @property {(message: T) => void} send
 */

/**
 * @template T
 * @returns {Signal<T>}
 */
export function signal() {
  /** @type {{ element: HTMLElement, listener: (message: T) => unknown }[]} */
  const listeners = [];
  return {
    listen: (element, listener) => { listeners.push({ element, listener }); },
    send(message) {
      for (const { element, listener } of [...listeners]) {
        if (!element.isConnected) continue;
        try {
          listener(message);
        } catch (error) {   // of one part of the page: the others go on
          reportError(error);
        }
      }
    },
  };
}
