// Number fields of the stack: what they accept, and what is wrong with an entry.

import { makeNumberField } from '../kit/controls.js';
import { make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';

/**
 * @typedef {object} Limits what one number may be
 * @property {string} name
 * @property {number} low
 * @property {number} high
 * @property {'int' | 'float' | 'bool'} type
 * @property {boolean} needed whether the field must not be empty
 */
/**
 * @typedef {Limits & { default: number | boolean | null, inferred: boolean, same_as: string, main: boolean }} Argument of a
 *   layer. inferred: taken from the input where it is left out; same_as: the argument whose value it has then; main: shown
 *   without a click
 */

/** A sentence on the text of a field, or ""; the text is null for letters. @param {Limits} limits @param {string | null} text */
export function whatIsWrong({ name, low, high, type, needed }, text) {
  if (text === null) return t('{name} must be a number.', { name });
  if (text === '' && !needed) return '';
  const value = text === '' ? NaN : Number(text);
  const fits = value >= low && value <= high && (type !== 'int' || Number.isInteger(value));
  if (fits) return '';
  const limits = { name, low: count(low), high: count(high) };
  return type === 'int' ? t('{name} must be a whole number from {low} to {high}.', limits) : t('{name} must be a number from {low} to {high}.', limits);
}

/**
 * The field of one argument.
 *
 * @param {Argument} argument
 * @param {Record<string, number | boolean>} params of the layer: the field reads and writes them
 * @param {{ where: string, hint: HTMLElement, onChange: () => void }} line where: how the layer is called
 * @returns {{ label: HTMLLabelElement, input: HTMLInputElement }}
 */
export function argumentField(argument, params, { where, hint, onChange }) {
  const { name, low, high, type, inferred } = argument;
  const view = make('label', undefined, `field ${type}`);
  const label = t('{number} of {layer}', { number: name, layer: where });
  view.append(make('span', name));
  if (type === 'bool') {
    const box = make('input');
    Object.assign(box, { type: 'checkbox', checked: Boolean(params[name] ?? argument.default) });
    box.setAttribute('aria-label', label);
    box.dataset.name = name;
    box.addEventListener('change', () => {
      params[name] = box.checked;
      onChange();
    });
    view.append(box);
    return { label: view, input: box };
  }
  const input = makeNumberField({
    label, low, high, step: type === 'int' ? 1 : 0.1, isWhole: type === 'int',
    problemOf: (text) => whatIsWrong(argument, text),
    onProblem: (problem) => showSentence(hint, problem),
    onInput(value) {
      if (value === null) delete params[name];
      else params[name] = value;
      onChange();
    },
  });
  input.value = String(params[name] ?? '');
  input.dataset.name = name;
  if (inferred) input.title = t('Leave it empty, and it is taken from the input.');
  view.append(input);
  return { label: view, input };
}
