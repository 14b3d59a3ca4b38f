// The secret of the visitor's own data. This tab of the browser keeps it across a reload and a lost connection, and tells
// the server when the visitor leaves the page.
//
// Value from the server: {token, visit}, the secret and the server's name for this page. Value to the server: the same.

import { recall, remember } from './storage.js';
import { serverPath } from './visitor.js';

const OWN = 'tp-own';

/** @param {import('./control.js').Context} context */
export function mount({ props, watch, trigger }) {
  function claim() {
    const own = recall(OWN);
    if (!own.token) return;
    props.value = { ...own };
    trigger('input');
  }
  watch('value', () => {
    if (props.value?.visit) remember(OWN, props.value.token ? { ...props.value } : null);
  });
  // a closed laptop or a lost connection fires nothing: only the visitor's own act does
  addEventListener('pagehide', () => {
    const own = recall(OWN);
    if (own.token) navigator.sendBeacon(serverPath('leave'), JSON.stringify(own));
  });
  addEventListener('pageshow', (event) => { if (event.persisted) claim(); });
  claim();
}
