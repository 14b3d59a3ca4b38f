import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  aligned, bracketed, brief, count, duration, exponential, memory, minus, percent, powerLabel, powersOfTen, raised, rounded, short,
  shortDuration, signed, ticks, timeLabel, wholePercent,
} from '../../../ui/kit/numbers.js';

/** @param {(value: any) => string} write @param {Array<[any, string]>} cases */
function writes(write, cases) {
  for (const [value, text] of cases) assert.equal(write(value), text);
}

test('a number in few letters', () => {
  writes(brief, [
    [0, '0'], [-0, '0'], [1.23456, '1.23'], [-1.5, '−1.5'], [99999, '100000'], [1e5, '1.00e5'], [-1e5, '−1.00e5'],
    [0.0001, '0.0001'], [0.00009, '9.00e−5'], [-1.5e-7, '−1.50e−7'],
    [null, '–'], [undefined, '–'], [NaN, '–'], [Infinity, '–'], [/** @type {any} */ ('3'), '–'],
  ]);
  assert.equal(brief(3.14159, 5), '3.1416');
  assert.equal(brief(1e-9, 1), '1e−9');
});

test('counts, shares, signs and powers', () => {
  writes(count, [[0, '0'], [999, '999'], [1234567, '1,234,567']]);
  writes(percent, [[0, '0.0 %'], [0.12345, '12.3 %'], [1, '100.0 %'], [null, '–'], [NaN, '–']]);
  assert.equal(percent(0.126, 0), '13 %');
  writes(wholePercent, [[0, '0 %'], [0.0049, '<1 %'], [0.005, '1 %'], [0.874, '87 %'], [1, '100 %']]);
  writes((value) => signed(value, 2), [[0.254, '+0.25'], [-1, '−1.00'], [0, '+0.00']]);
  writes(minus, [[-3, '−3'], ['1e-5', '1e−5']]);
  writes(raised, [[-12, '⁻¹²'], [340, '³⁴⁰']]);
  assert.equal(exponential(123456, 1), '1.2e5');
  assert.equal(exponential(-0.00012, 1), '−1.2e−4');
});

test('numbers in cells', () => {
  writes(rounded, [[0, '0'], [0.25, '0.25'], [-1 / 3, '−0.3333'], [1234.56, '1234.6'], [0.00005, '0.0001'], [0.00004, '4.00e−5'], [-2e6, '−2.00e6']]);
  assert.equal(rounded(1 / 3, 2), '0.33');
  writes(short, [[0, '0'], [1 / 3, '0.333'], [-12.345, '−12.35'], [123.45, '123.5'], [1234.5, '1234.5'], [0.0004, '4e−4'], [12345, '1.2e4']]);
  writes(aligned, [[0, '0'], [0.1, '0.1000'], [-12.34567, '−12.3457'], [99999.5, '99999.5000'], [123456.78, '123457'], [-1234567, '−1.23457e6'], [0.00004, '4.0e−5']]);
  writes(bracketed, [['3', '3'], ['−3', '(−3)']]);
});

test('bytes', () => {
  writes(memory, [[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [12544, '12.5 kB'], [3_136_000, '3.14 MB']]);
});

test('durations', () => {
  writes(duration, [[0, '0.0 s'], [9.94, '9.9 s'], [9.96, '10 s'], [89.4, '89 s'], [90, '1 min 30 s'], [119.7, '2 min 0 s'], [null, ''], [Infinity, '']]);
  writes(shortDuration, [[0.00864, '8.6 ms'], [0.01, '10 ms'], [0.8649, '865 ms'], [1, '1.00 s'], [12.345, '12.35 s']]);
  writes((value) => timeLabel(value, 0.05), [[0, '0'], [0.15, '150 ms'], [1.25, '1250 ms']]);
  writes((value) => timeLabel(value, 0.5), [[1.5, '1.5 s']]);
  writes((value) => timeLabel(value, 2), [[4, '4 s']]);
});

test('marks of an axis are round numbers inside it', () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0.13, 0.31, 4).map((mark) => mark.toFixed(2)), ['0.15', '0.20', '0.25', '0.30']);
  assert.deepEqual(ticks(-1, 1, 2), [-1, 0, 1]);
  assert.ok(Object.is(ticks(-1, 1, 2)[1], 0));
  assert.deepEqual(ticks(3, 3, 5), [3]);
  for (const [low, high, most] of [[0, 1, 3], [17, 91234, 7], [-0.004, 0.0091, 5]]) {
    const marks = ticks(low, high, most);
    assert.ok(marks.length >= 2 && marks.length <= most + 2, `${marks}`);
    assert.ok(marks.every((mark) => mark >= low - 1e-9 && mark <= high * (1 + 1e-9)));
  }
});

test('marks of a logarithmic axis', () => {
  assert.deepEqual(powersOfTen(1, 1000, 10), [1, 10, 100, 1000]);
  assert.deepEqual(powersOfTen(0.5, 5e5, 3), [1, 100, 1e4]);
  writes(powerLabel, [[0.01, '0.01'], [1000, '1000'], [1e-6, '10⁻⁶'], [1e5, '10⁵']]);
});
