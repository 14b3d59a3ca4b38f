import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NO_ANSWER, latest, reply, turns } from '../../../ui/kit/latest.js';

/** A server whose answers come when the test says so. */
function slowServer() {
  const pending = /** @type {Array<(answer: any) => void>} */ ([]);
  return { pending, ask: () => new Promise((resolve) => { pending.push(resolve); }) };
}

const settled = () => new Promise((resolve) => { setImmediate(resolve); });

test('one request at a time, and only the answer to the newest state is used', async () => {
  const { pending, ask } = slowServer();
  const used = /** @type {string[]} */ ([]);
  const update = latest(ask, (answer) => used.push(answer));
  update();
  update();
  update();
  assert.equal(pending.length, 1);
  pending[0]('outdated');
  await settled();
  assert.deepEqual(used, []);
  assert.equal(pending.length, 2);
  pending[1]('newest');
  await settled();
  assert.deepEqual(used, ['newest']);
  assert.equal(pending.length, 2);
});

test('a later change asks again', async () => {
  const { pending, ask } = slowServer();
  const used = /** @type {string[]} */ ([]);
  const update = latest(ask, (answer) => used.push(answer));
  for (const answer of ['first', 'second']) {
    update();
    pending.at(-1)?.(answer);
    await settled();
  }
  assert.deepEqual(used, ['first', 'second']);
});

test('a failed request does not block the next one', async () => {
  let fails = true;
  const used = /** @type {string[]} */ ([]);
  const update = latest(async () => {
    if (fails) throw new Error('away');
    return 'here';
  }, (answer) => used.push(answer));
  await assert.rejects(update());
  fails = false;
  await update();
  assert.deepEqual(used, ['here']);
});

test('a request without an answer becomes a sentence', async () => {
  assert.deepEqual(await reply(async (request) => ({ sum: request + 1 }), 2), { sum: 3 });
  assert.deepEqual(await reply(() => Promise.reject(new Error('away')), 2), { problem: NO_ANSWER, lost: true });
});

test('of several requests the newest counts', () => {
  const begin = turns();
  const isFirst = begin();
  assert.ok(isFirst());
  const isSecond = begin();
  assert.ok(!isFirst() && isSecond());
});
