import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Series } from '../../../ui/kit/series.js';

/** @param {number} length @param {number} most @param {(i: number) => number} value @param {number} [keep] */
function filled(length, most, value, keep = 0) {
  const series = new Series(most);
  for (let i = 0; i < length; i += 1) series.push(i + 1, value(i), keep);
  return series;
}

test('a short curve stays as it is', () => {
  const series = filled(5, 8, (i) => i * i);
  assert.deepEqual(series.buckets.map(([x, low, high, sum, count]) => [x, low, high, sum, count]),
    [0, 1, 4, 9, 16].map((value, i) => [i + 1, value, value, value, 1]));
  assert.deepEqual(series.near(3.5), { x: 3, mean: 4, smooth: 4 });
  assert.equal(series.near(0)?.x, 1);   // before the first: the first
});

test('a long curve keeps every spike and every mean', () => {
  const value = (/** @type {number} */ i) => (i === 1234 ? 1000 : i % 7);
  const series = filled(5000, 64, value);
  assert.ok(series.buckets.length <= 64 && series.buckets.length > 32);
  assert.equal(series.smooth.length, series.buckets.length);
  assert.equal(Math.max(...series.buckets.map(([, , high]) => high)), 1000);
  const all = Array.from({ length: 5000 }, (_, i) => value(i)).reduce((a, b) => a + b);
  assert.equal(series.buckets.reduce((sum, bucket) => sum + bucket[3], 0), all);
  assert.equal(series.buckets.reduce((sum, bucket) => sum + bucket[4], 0), 5000);
  for (const [x, low, high, sum, count] of series.buckets) {
    const inside = Array.from({ length: count }, (_, i) => value(x - 1 + i));
    assert.deepEqual([low, high, sum], [Math.min(...inside), Math.max(...inside), inside.reduce((a, b) => a + b)]);
  }
});

test('the smoothed value is the weighted mean, from the first one on', () => {
  const series = filled(3, 8, (i) => [4, 8, 2][i], 0.5);
  // weights 1/4, 1/2, 1 of the newest
  assert.ok(Math.abs(Number(series.last) - (4 / 4 + 8 / 2 + 2) / (1 / 4 + 1 / 2 + 1)) < 1e-12);
  assert.equal(series.smooth[0][1], 4);
});

test('numbers that are not finite are left out', () => {
  const series = new Series();
  [NaN, null, Infinity].forEach((value, i) => series.push(i, value, 0.9));
  assert.equal(series.last, null);
  assert.equal(series.near(1), null);
});
