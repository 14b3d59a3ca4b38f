// Messages from one part of the page to others.

/**
 * @template T
 * @typedef {object} Signal
 * @property {(element: HTMLElement, listener: (message: T) => unknown) => void} listen a control listens while its element
 *   is in the page
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
        } catch (error) {   // one listener's error must not stop the others
          reportError(error);
        }
      }
    },
  };
}
