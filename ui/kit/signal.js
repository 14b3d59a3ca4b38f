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
 * @param {string} event scripts that are no modules yet know the signal as this event of the document
 * @returns {Signal<T>}
 */
export function signal(event) {
  return {
    listen(element, listener) {
      document.addEventListener(event, (message) => {
        if (element.isConnected) listener(/** @type {CustomEvent<T>} */ (message).detail);
      });
    },
    send: (message) => { document.dispatchEvent(new CustomEvent(event, { detail: message })); },
  };
}
