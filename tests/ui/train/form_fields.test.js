import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextValue, readValue, valueText } from '../../../ui/train/form_fields.js';

const field = { key: 'samples', label: 'Samples', kind: /** @type {const} */ ('number'), whole: true, first: true, help: '', options: [], ladder: [100, 1000, 0], zero: 'all', zero_is_most: true, only_for: {} };

test('a text is read as the field needs it: empty, a number, or neither', () => {
  const rate = { ...field, key: 'lr', kind: /** @type {const} */ ('rate'), whole: false, zero: '' };
  assert.deepEqual(['0,05', '0,001', '', 'abc', '1,234'].map((text) => readValue(rate, text)), [0.05, 0.001, null, NaN, NaN]);
  assert.deepEqual(['10,000', '10.000', '1,5', ' '].map((text) => readValue(field, text)), [10000, NaN, NaN, null]);
});

test('0 has a name, and stands where it belongs on the ladder', () => {
  assert.equal(valueText(field, 0), 'all');
  assert.equal(readValue(field, ' All '), 0);
  assert.ok(Number.isNaN(readValue(field, 'most')));
  assert.equal(nextValue(field, 1000, 1), 0);
  assert.equal(nextValue(field, 0, -1), 1000);
  assert.equal(nextValue(field, 0, 1), undefined);
  assert.equal(nextValue(field, 250, 1), 1000);   // a value between two of them
  assert.equal(nextValue(field, 250, -1), 100);
  const width = { ...field, key: 'width', ladder: [0, 8, 16], zero: 'its own', zero_is_most: false };
  assert.equal(nextValue(width, 8, -1), 0);
  assert.equal(nextValue(width, 0, -1), undefined);
});

test('a value is written as the field needs it', () => {
  assert.equal(valueText(field, 20000), '20,000');
  assert.equal(valueText({ ...field, key: 'seed', zero: '' }, 20000), '20000');
  assert.equal(valueText({ ...field, zero: '' }, null), '');
  assert.deepEqual([true, false].map((value) => valueText(field, value)), ['on', 'off']);
});
