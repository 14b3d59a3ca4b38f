// One weight: its numbers, and the line's arithmetic for it.

import { finder, make, makeCode } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { arithmetic, digits } from './slow_motion_arithmetic.js';

/** @param {HTMLElement} element @param {import('./slow_motion_recording.js').Recording} recording @param {number} at @param {import('./slow_motion_recording.js').Weight} weight */
export function showWeight(element, recording, at, weight) {
  const find = finder(element);
  const { payload: { parameters, frames, side } } = recording;
  const { parameter: p, place } = weight;
  const [now, before] = [frames[at], frames[at - 1] ?? frames[at]];
  const { row, column } = recording.position(weight);
  const pixel = recording.readsPixels(p) ? t('row {row}, column {column}', { row: Math.floor(Number(column) / side), column: Number(column) % side })
    : t('unit {number}', { number: column });
  const output = recording.outputs(p)[row];
  find('.weight-name').replaceChildren(t('One weight:'), ' ', make('code', `${parameters[p].name}[${column === null ? row : `${row}, ${column}`}]`),
    make('small', column === null ? output : `${output}, ${pixel}`));
  /** @type {[string, (number | null)[], (number | null)[]][]} */
  const numbers = [['value', now.w, before.w], ['.grad', now.g, before.g]];
  for (const name of Object.keys(now.buffers)) numbers.push([name, now.buffers[name], before.buffers[name]]);
  find('.numbers tbody').replaceChildren(...numbers.map(([name, ...ids]) => {
    const line = make('tr');
    const [value, old] = ids.map((all) => recording.number(all[p], place));
    const isNew = !Object.is(value, old);
    line.append(name === 'value' ? make('th', t('value')) : makeCode('th', name), makeCode('td', digits(value), isNew ? 'fresh' : ''), make('td', isNew ? t('was {value}', { value: digits(old) }) : '', 'was'));
    return line;
  }));
  find('.sums').replaceChildren(...arithmetic(recording, at, weight).map(([text, kind]) => (kind === 'words' ? make : makeCode)('p', text, kind)));
}
