import assert from 'node:assert/strict';
import { test } from 'node:test';

import { listMarks, makeScale, placeAfter } from '../../../ui/kit/chart.js';
import { findExtremes, separate } from '../../../ui/kit/chart_shapes.js';

test('a linear scale goes to pixels and back, upwards too', () => {
  const y = makeScale({ low: 10, high: 30 }, 200, 100);
  assert.deepEqual([10, 20, 30].map(y.toPixel), [200, 150, 100]);
  assert.deepEqual([200, 150, 100].map(y.toValue), [10, 20, 30]);
});

test('a logarithmic scale has the same room for each power of ten', () => {
  const x = makeScale({ low: 1e-4, high: 1, log: true }, 0, 400);
  [1e-4, 1e-3, 1e-2, 0.1, 1].forEach((value, i) => assert.ok(Math.abs(x.toPixel(value) - 100 * i) < 1e-9));
  assert.ok(Math.abs(x.toValue(250) - 10 ** -1.5) < 1e-12);
  assert.ok(Number.isFinite(x.toPixel(0)));   // far below, but a place
});

test('a scale of one number is no division by zero', () => {
  assert.equal(makeScale({ low: 3, high: 3 }, 5, 50).toPixel(3), 5);
});

test('marks are round numbers, powers of ten, or whole numbers alone', () => {
  assert.deepEqual(listMarks({ low: 0, high: 1, most: 5 }).map(([, label]) => label), ['0', '0.2', '0.4', '0.6', '0.8', '1']);
  assert.deepEqual(listMarks({ low: 1e-5, high: 1, log: true, most: 9 }).map(([, label]) => label), ['10⁻⁵', '10⁻⁴', '0.001', '0.01', '0.1', '1']);
  assert.deepEqual(listMarks({ low: 0, high: 2, most: 8, whole: true }).map(([value]) => value), [0, 1, 2]);
  assert.deepEqual(listMarks({ low: 0, high: 1, most: 0 }), []);
});

test('the keys read step by step, ten at once, and the ends', () => {
  const reading = { at: 50, low: 0, high: 100, step: 2 };
  const places = { ArrowRight: 52, ArrowUp: 52, ArrowLeft: 48, ArrowDown: 48, PageUp: 70, PageDown: 30, Home: 0, End: 100, Escape: null, Tab: undefined };
  for (const [key, place] of Object.entries(places)) assert.equal(placeAfter(key, reading), place, key);
  assert.equal(placeAfter('PageUp', { ...reading, at: 95 }), 100);
  assert.equal(placeAfter('ArrowLeft', { ...reading, at: 1 }), 0);
});

test('reading begins at an end', () => {
  const reading = { at: null, low: 0, high: 9, step: 1 };
  assert.equal(placeAfter('ArrowRight', reading), 0);
  assert.equal(placeAfter('ArrowLeft', reading), 9);
});

test('each half pixel keeps its lowest and its highest value', () => {
  /** @type {[number, number, number][]} */
  const buckets = Array.from({ length: 1000 }, (_, i) => [i, Math.sin(i), Math.sin(i) + (i === 777 ? 50 : 0)]);
  const columns = findExtremes(buckets, (x) => x / 10);
  assert.equal(columns.length, 201);
  assert.equal(Math.max(...columns.map(([, , high]) => high)), Math.sin(777) + 50);
  for (const [pixel, low, high] of columns) {
    const inside = buckets.filter(([x]) => Math.round((x / 10) * 2) / 2 === pixel);
    assert.equal(low, Math.min(...inside.map((bucket) => bucket[1])));
    assert.equal(high, Math.max(...inside.map((bucket) => bucket[2])));
  }
});

test('overlapping names move apart and stay above the axis', () => {
  const places = [{ x: 0, y: 90, width: 40, name: 'a' }, { x: 10, y: 91, width: 40, name: 'b' }, { x: 20, y: 99, width: 40, name: 'c' }, { x: 200, y: 90, width: 40, name: 'd' }];
  const result = separate(places, 100, 16);
  const of = Object.fromEntries(result.map(({ name, y }) => [name, y]));
  assert.equal(of.d, 90);   // nothing is beside it
  assert.ok(of.a < of.b && of.b < of.c && of.c <= 100);
  assert.ok(of.b - of.a >= 16 && of.c - of.b >= 16);
  assert.equal(places[1].y, 91);   // the list that was given is as it was
});
