import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signal } from '../../../ui/kit/signal.js';

const control = (isConnected = true) => /** @type {HTMLElement} */ ({ isConnected });

test('every control in the page hears a message, and none that has left it', () => {
  const { listen, send } = signal();
  const heard = /** @type {string[]} */ ([]);
  const leaving = { isConnected: true };
  listen(control(), (message) => heard.push(`first ${message}`));
  listen(/** @type {HTMLElement} */ (leaving), (message) => heard.push(`second ${message}`));
  send(1);
  leaving.isConnected = false;
  send(2);
  assert.deepEqual(heard, ['first 1', 'second 1', 'first 2']);
});

test('a mistake in one listener is reported, and the others hear the message', (context) => {
  const { listen, send } = signal();
  const reported = /** @type {unknown[]} */ ([]);
  const before = globalThis.reportError;
  globalThis.reportError = (error) => { reported.push(error); };
  context.after(() => { globalThis.reportError = before; });
  const mistake = new Error('a mistake');
  let heard = 0;
  listen(control(), () => { throw mistake; });
  listen(control(), () => { heard += 1; });
  send(null);
  assert.deepEqual([reported, heard], [[mistake], 1]);
});
