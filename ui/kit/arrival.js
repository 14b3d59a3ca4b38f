// Whether Fashion-MNIST has come since the page was built without it.

import { signal } from './signal.js';

/** @type {import('./signal.js').Signal<null>} */
const arrival = signal();
let hasArrived = false;

export function announceArrival() {
  hasArrived = true;
  arrival.send(null);
}

/** Calls back at once if it has come already. @param {HTMLElement} element of the control @param {() => unknown} listener */
export function onArrival(element, listener) {
  arrival.listen(element, listener);
  if (hasArrived) listener();
}
