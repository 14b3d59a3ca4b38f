import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrow, lay, placeUnder, within } from '../../../ui/kit/grid.js';

test('the arrow keys move by one cell, others by none', () => {
  const steps = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'a'].map((key) => arrow(/** @type {KeyboardEvent} */ ({ key })));
  assert.deepEqual(steps, [[-1, 0], [1, 0], [0, -1], [0, 1], null]);
});

test('a place outside becomes the nearest one inside', () => {
  assert.deepEqual(within([-1, 9], [3, 4]), [0, 3]);
  assert.deepEqual(within([2, 0], [3, 4]), [2, 0]);
});

test('the place under the pointer', () => {
  const view = /** @type {any} */ ({ getBoundingClientRect: () => ({ top: 100, left: 50, height: 60, width: 80 }) });
  const at = (clientX, clientY) => placeUnder(/** @type {MouseEvent} */ ({ clientX, clientY }), view, [3, 4]);
  assert.deepEqual([at(50, 100), at(69, 119), at(129, 159), at(130, 160)], [[0, 0], [0, 0], [2, 3], [3, 4]]);
});

test('an element lies over some of the cells', () => {
  const frame = /** @type {any} */ ({ style: {} });
  lay(frame, [1, 2], [2, 1], [4, 8]);
  assert.deepEqual(frame.style, { top: '25%', left: '25%', height: '50%', width: '12.5%' });
});
