import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arithmetic, digits } from '../../../ui/train/slow_motion_arithmetic.js';
import { Recording } from '../../../ui/train/slow_motion_recording.js';

/** @param {number[]} values */
const base64 = (values) => Buffer.from(new Float32Array(values).buffer).toString('base64');

test('four digits, in powers of ten where the number is small or large', () => {
  const cases = [
    [null, 'None'], ['nan', 'nan'], [NaN, 'nan'], ['inf', '∞'], ['-inf', '−∞'], [-Infinity, '−∞'], [0, '0'], [-0, '0'],
    [1, '1.000'], [-1.23456, '−1.235'], [0.001, '0.001000'], [0.00099, '9.900·10⁻⁴'], [-2.5e-11, '−2.500·10⁻¹¹'], [123456, '1.235·10⁵'],
  ];
  for (const [value, text] of cases) assert.equal(digits(/** @type {any} */ (value)), text);
});

/** One bias of two, after backward() and after step() with momentum; 0.5 is the learning rate. */
function recording() {
  const frame = { pass: 1, sums: [[1]], t: [0], logits: { logits: 0, shares: 4, from: 1 }, loss: {}, error: null, wrong: false, sentence: '' };
  const payload = /** @type {any} */ ({
    settings: { lr: 0.5 },
    classes: ['a', 'b'],
    side: 2,
    parameters: [{ name: 'bias', shape: [2], given: true, frozen: false, last: true }],
    // values, .grad, values after the step, momentum before and after, shares of two pictures
    tensors: [base64([1, 2]), base64([0.25, -0.25]), base64([0.75, 2]), base64([0.5, 0]), base64([0.75, 0.25, 0.75, 0.25])],
    batches: [{ size: 2, labels: [0, 1], pictures: [0, 0] }],
    frames: [
      { ...frame, line: 'loss', w: [0], g: [null], buffers: { momentum_buffer: [1] } },
      { ...frame, line: 'backward', w: [0], g: [1], buffers: { momentum_buffer: [1] } },
      { ...frame, line: 'step', w: [2], g: [1], buffers: { momentum_buffer: [3] } },
    ],
  });
  return new Recording(payload);
}

test('a gradient is the mean of share − target', () => {
  // ((0.75 − 1) + (0.75 − 0)) / 2 = 0.25
  assert.deepEqual(arithmetic(recording(), 1, { parameter: 0, place: 0 }), [
    ['.grad = mean of (share − target)', 'symbols'],
    ['= ((0.7500 − 1) + (0.7500 − 0)) / 2', ''],
    ['= 0.2500', 'last'],
  ]);
});

test('a step with momentum', () => {
  assert.deepEqual(arithmetic(recording(), 2, { parameter: 0, place: 0 }).map(([text]) => text), [
    'buffer ← 0.9 · buffer + .grad', '= 0.9 · 0.2500 + 0.2500 = 0.5000', 'w ← w − lr · buffer', '= 1.000 − 0.5 · 0.5000', '= 0.7500',
  ]);
});

test('the states of a parameter: value, .grad, last update', () => {
  const run = recording();
  assert.deepEqual(run.states(1, 0).map((tensor) => tensor && [...tensor]), [[1, 2], [0.25, -0.25], null]);
  assert.deepEqual(run.states(2, 0).map((tensor) => tensor && [...tensor]), [[0.75, 2], [0.25, -0.25], [-0.25, 0]]);
  assert.deepEqual(run.scales, [[2, 0.25, 0.25]]);
});
