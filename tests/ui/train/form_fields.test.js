import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextValue, parseNumber, readValue, valueText } from '../../../ui/train/form_fields.js';

const field = { key: 'samples', label: 'Samples', kind: /** @type {const} */ ('number'), first: true, help: '', options: [], ladder: [100, 1000, 0], zero: 'all', zero_is_most: true, only_for: {} };

test('numbers are read as people write them', () => {
  const numbers = { 12: 12, '1,000': 1000, ' 2 000 ': 2000, '1_000': 1000, '.5': 0.5, '-3': -3, '1e-3': 0.001, '2.5E2': 250 };
  for (const [text, number] of Object.entries(numbers)) assert.equal(parseNumber(text), number, text);
  for (const text of ['', 'x', '1.2.3', '0x10', 'Infinity', '5 kg']) assert.ok(Number.isNaN(parseNumber(text)), text);
});

test('0 has a name, and stands where it belongs on the ladder', () => {
  assert.equal(valueText(field, 0), 'all');
  assert.equal(readValue(field, ' All '), 0);
  assert.equal(readValue(field, 'most'), null);
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
