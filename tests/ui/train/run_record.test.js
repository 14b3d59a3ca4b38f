import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RunRecord } from '../../../ui/train/run_record.js';

const progress = { step: 2, steps: 100, epoch: 0, epochs: 1, seconds: 1, left: 2, rate: 3, lr: 0.1, budget: 60 };
const status = { state: 'running', place: 0, message: '', lr: 0.1, changed: false, progress };
const about = { name: 'Run 1', recipe: { epochs: 1 } };
const steps = (/** @type {number[]} */ numbers) => ({
  step: numbers, loss: numbers.map((number) => number + 0.5), accuracy: numbers.map(() => 0.5), lr: numbers.map(() => 0.1),
});

test('messages add up, and what they leave out stays', () => {
  const record = new RunRecord('x');
  record.add({ ...status, cursor: [1, 2, 1, 1], about, steps: steps([0, 1]), validated: [[2, 0.9, 0.6]], layers: [['linear', 1]], verdict: { kind: 'healthy', message: '.' } });
  record.add({ ...status, cursor: [1, 3, 1, 1], steps: steps([2]) });
  record.add({ ...status, cursor: [1, 3, 2, 1], state: 'paused', validated: [[3, 0.8, 0.7]] });
  assert.deepEqual(record.curves.loss.buckets.map(([x, value]) => [x, value]), [[1, 0.5], [2, 1.5], [3, 2.5]]);
  assert.deepEqual(record.validated, [[2, 0.9, 0.6], [3, 0.8, 0.7]]);
  assert.deepEqual(record.layers, [['linear', 1]]);
  assert.equal(record.verdict?.kind, 'healthy');
  assert.deepEqual([record.state, record.about?.name, record.cursor], ['paused', 'Run 1', [1, 3, 2, 1]]);
});

test('a message about the run begins anew', () => {
  const record = new RunRecord('x');
  record.add({ ...status, cursor: [1, 5, 1, 1], about, steps: steps([0, 1, 2, 3, 4]), validated: [[5, 0.9, 0.6]] });
  record.add({ ...status, cursor: [2, 2, 0, 0], about: { ...about, recipe: { epochs: 2 } }, steps: steps([0, 1]) });
  assert.equal(record.curves.loss.buckets.length, 2);
  assert.deepEqual([record.validated, record.layers, record.verdict], [[], [], null]);
  assert.equal(record.about?.recipe.epochs, 2);
});
