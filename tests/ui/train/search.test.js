import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ceiling, nearest } from '../../../ui/train/range_chart.js';
import { SweepData } from '../../../ui/train/sweep_data.js';
import { createNames, suggested } from '../../../ui/train/sweep_form.js';

const axis = { key: 'x', label: 'X', kind: /** @type {const} */ ('number'), whole: false, options: [], ladder: [], only_for: {}, good: [], multiples: null };

test('a sweep begins with what is chosen and its neighbours', () => {
  const ladder = [8, 16, 32, 64];
  const cases = /** @type {[any, any, any[]][]} */ ([
    [{ ladder }, 16, [8, 16, 32]],
    [{ ladder }, 8, [8, 16, 32]],
    [{ ladder }, 64, [16, 32, 64]],
    [{ ladder }, 20, [16, 20, 32]],
    [{ ladder }, null, [8, 16, 32]],
    [{ ladder, good: [1, 2] }, 16, [1, 2]],
    [{ kind: 'switch' }, true, [true, false]],
    [{ kind: 'choice', options: [['a', 'A'], ['b', 'B'], ['c', 'C'], ['d', 'D']] }, 'c', ['b', 'c', 'd']],
    [{ multiples: { factor: 3, whole: false, limits: { net: [0.05, 0, 10] } } }, 0.1, [0.033, 0.1, 0.3]],
    [{ multiples: { factor: 3, whole: false, limits: { net: [0.05, 0, 10] } } }, 5, [1.7, 5, 10]],
    [{ multiples: { factor: 3, whole: false, limits: { net: [0.05, 0, 10] } } }, null, [0.017, 0.05, 0.15]],
    [{ multiples: { factor: 2, whole: true, limits: { other: [1, 1, 1], net: [16, 4, 24] } } }, 0, [8, 16, 24]],
  ]);
  for (const [changes, now, values] of cases) assert.deepEqual(suggested({ ...axis, ...changes }, { x: now, network: 'net' }, 3), values);
});

test('values of a sweep in words', () => {
  const names = createNames([{ ...axis, kind: 'choice', options: [['a', 'Alpha']] }]);
  assert.deepEqual([names.label('x'), names.label('y')], ['X', 'y']);
  assert.deepEqual(['a', 'b', true, 0.125].map((value) => names.value('x', value)), ['Alpha', 'b', 'on', '0.125']);
});

test('the records of a sweep', () => {
  const sweep = new SweepData();
  sweep.take({ record: 'SweepStart', rows: 'lr', row_values: [1, 2], columns: 'seed', column_values: [3, 4, 5], epochs: 2, seconds: 5 });
  assert.deepEqual([sweep.cells.length, sweep.pair(4), sweep.best, sweep.ended], [6, [2, 4], null, 0]);
  const end = { record: 'CellEnd', state: 'done', reason: '', steps: 1, epochs: 2, seconds: 1, loss: 1 };
  for (const [cell, accuracy] of [[0, 0.25], [1, null], [2, 0.5], [3, 0.5]]) sweep.take({ ...end, cell, accuracy });
  sweep.take({ record: 'CellPoint', cell: 4, step: 7, loss: 0.5, accuracy: 1 });
  assert.deepEqual([sweep.best, sweep.ended, sweep.accuracies, sweep.cells[4].points], [2, 4, [0.25, 0.5, 0.5], [[7, 0.5]]]);
});

test('the range test draws what is before the explosion', () => {
  const steps = [1, 0.5, 100].map((average, i) => ({ lr: 10 ** (i - 2), loss: average, average }));
  assert.equal(ceiling([]), 3);
  assert.equal(ceiling(steps), 1.7);
  assert.equal(ceiling(steps.slice(0, 2)), 1.25);
  // 0.04 is nearer to 0.1 than to 0.01 on a logarithmic axis
  assert.deepEqual([0.001, 0.04, 0.5].map((lr) => nearest(steps, lr)), [0, 1, 2]);
});
