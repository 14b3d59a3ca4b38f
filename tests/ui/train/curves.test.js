import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Series } from '../../../ui/kit/series.js';
import { liveCurve, yAxis } from '../../../ui/train/curves.js';

test('the curve of a run that goes on is the mean of groups, at the last step of each', () => {
  const loss = new Series();
  for (let i = 0; i < 1000; i += 1) loss.push(i + 1, i, 0);
  const curve = liveCurve({ loss, validated: [[1000, 0.5, 0.8]] });
  assert.equal(curve.meanOf, 7);   // 1000 steps in at most 160 groups
  assert.equal(curve.loss.length, Math.ceil(1000 / 7));
  assert.deepEqual(curve.loss.slice(0, 2), [[7, 3], [14, 10]]);
  assert.deepEqual(curve.loss.at(-1), [1000, (994 + 999) / 2]);
  assert.deepEqual(curve.validated, [[1000, 0.5, 0.8]]);
});

test('steps that share a bucket are counted', () => {
  const loss = new Series(4);
  for (let i = 0; i < 10; i += 1) loss.push(i + 1, i, 0);
  const { loss: points, meanOf } = liveCurve({ loss, validated: [] });
  assert.equal(meanOf, loss.perBucket);
  assert.equal(points.at(-1)?.[0], 10);
  assert.deepEqual(points[0], [4, (0 + 1 + 2 + 3) / 4]);
});

test('the axis leaves room, ends at 0 % and 100 %, and is logarithmic where one run is far above the others', () => {
  const accuracy = yAxis([0.01, 0.99], 'accuracy');
  assert.deepEqual([accuracy.low, accuracy.high, accuracy.log], [0, 1, false]);
  assert.equal(accuracy.label?.(0.125), '12.5 %');
  const loss = yAxis([1, 2], 'loss');
  assert.ok(Math.abs(loss.low - 0.94) < 1e-12 && Math.abs(loss.high - 2.06) < 1e-12);
  const wide = yAxis([0.1, 100], 'validation');
  assert.ok(wide.log && wide.low > 0 && wide.low < 0.1 && wide.high > 100);
  assert.ok(yAxis([0.5, 0.5], 'loss').high > 0.5);
});
