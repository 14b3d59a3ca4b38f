import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { readNumber, readings, whatIsWrong, whyNoNumber } from '../../../ui/kit/read_number.js';

const { cases } = JSON.parse(readFileSync(new URL('../../number_cases.json', import.meta.url), 'utf8'));

test('a text means the same here as on the server', () => {
  for (const [text, any, whole = any] of cases) {
    assert.deepEqual(readings(text), any, JSON.stringify(text));
    assert.deepEqual(readings(text, true), whole, `${JSON.stringify(text)} among whole numbers`);
  }
});

test('what is no number is quoted, and what is in doubt is asked about', () => {
  assert.equal(readNumber('0,05'), 0.05);
  assert.ok(Number.isNaN(readNumber('10.000', true)));
  assert.deepEqual([readNumber('1,5'), readNumber('1,5', true)], [1.5, NaN]);
  assert.equal(whyNoNumber('0,05'), '');
  assert.equal(whyNoNumber('1,5', true), '“1,5” is not a whole number.');
  assert.equal(whyNoNumber(' abc '), '“abc” is not a number.');
  assert.equal(whyNoNumber('10.000', true), '“10.000” could mean 10 or 10000: write one of these.');
  assert.equal(whyNoNumber('1,234'), '“1,234” could mean 1.234 or 1234: write one of these.');
  assert.equal(whyNoNumber('9'.repeat(10000)).length, '“” is not a number.'.length + 60);
});

test('a field says what it takes', () => {
  const limits = { name: 'stride', low: 1, high: 1600, isWhole: true };
  for (const text of ['1', '1600', '1,600', '1 600', '3.0']) assert.equal(whatIsWrong(text, limits), '', text);
  assert.equal(whatIsWrong('1,5', limits), '“1,5” is not a whole number.');
  for (const text of ['', '0', '1601', '−1']) assert.equal(whatIsWrong(text, limits), 'stride must be a whole number from 1 to 1,600.', text);
  assert.equal(whatIsWrong('1.600', limits), '“1.600” could mean 1.6 or 1600: write one of these.');
  assert.equal(whatIsWrong('', { ...limits, isNeeded: false }), '');
  assert.equal(whatIsWrong('1,5', { ...limits, isWhole: false }), '');
  assert.equal(whatIsWrong('2000', { ...limits, isWhole: false }), 'stride must be a number from 1 to 1,600.');
});
