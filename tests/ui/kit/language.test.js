import assert from 'node:assert/strict';
import { test } from 'node:test';

import { t, tn, useCatalogue } from '../../../ui/kit/language.js';

test('English needs no catalogue', () => {
  assert.equal(t('Play'), 'Play');
  assert.equal(t('{size} MB of {total}', { size: 3, total: '4' }), '3 MB of 4');
  assert.equal(t('{unknown} stays', {}), '{unknown} stays');
  assert.equal(tn('{n} step', '{n} steps', 1), '1 step');
  assert.equal(tn('{n} step', '{n} steps', 0), '0 steps');
  assert.equal(tn('{n} step', '{n} steps', 12345), '12,345 steps');
  assert.equal(tn('{n} step of {name}', '{n} steps of {name}', 2, { name: 'a {n}' }), '2 steps of a {n}');
});

test('a catalogue gives texts and as many plurals as its language has', () => {
  useCatalogue({
    texts: { Play: 'Odtwórz', '{n} step': ['{n} krok', '{n} kroki', '{n} kroków'] },
    plural: '(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2)',
  });
  assert.equal(t('Play'), 'Odtwórz');
  assert.equal(t('Pause'), 'Pause');
  assert.deepEqual([1, 2, 5, 12, 22].map((n) => tn('{n} step', '{n} steps', n)), ['1 krok', '2 kroki', '5 kroków', '12 kroków', '22 kroki']);
});
