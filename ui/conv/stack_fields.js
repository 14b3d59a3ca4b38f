// Number fields of the stack: what may be written into them, and what is wrong with what was written.

import { make } from '../kit/dom.js';
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

/** A sentence on the text of a field, or "". @param {Limits} limits @param {string} text */
export function whatIsWrong({ name, low, high, type, needed }, text) {
  const isEmpty = text.trim() === '';
  if (isEmpty && !needed) return '';
  const value = isEmpty ? NaN : Number(text);
  const fits = value >= low && value <= high && (type !== 'int' || Number.isInteger(value));
  if (fits) return '';
  const limits = { name, low: count(low), high: count(high) };
  return type === 'int' ? t('{name} must be a whole number from {low} to {high}.', limits) : t('{name} must be a number from {low} to {high}.', limits);
}

/** @param {HTMLInputElement} input @param {HTMLElement} hint @param {string} sentence "" where all is well */
export function showWrong(input, hint, sentence) {
  input.setAttribute('aria-invalid', String(Boolean(sentence)));
  hint.textContent = sentence;
  hint.hidden = !sentence;
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
  const label = make('label', undefined, `field ${type}`);
  const input = make('input');
  input.dataset.name = name;
  input.setAttribute('aria-label', t('{number} of {layer}', { number: name, layer: where }));
  label.append(make('span', name), input);
  if (type === 'bool') {
    input.type = 'checkbox';
    input.checked = Boolean(params[name] ?? argument.default);
    input.addEventListener('change', () => {
      params[name] = input.checked;
      onChange();
    });
    return { label, input };
  }
  Object.assign(input, { type: 'number', min: low, max: high, value: params[name] ?? '' });
  input.step = type === 'int' ? '1' : '0.1';
  input.inputMode = type === 'int' ? 'numeric' : 'decimal';
  if (inferred) input.title = t('Leave it empty, and it is taken from the input.');
  input.addEventListener('input', () => {
    // a field with letters in it is empty, too, and is not meant to be
    const sentence = input.validity.badInput ? t('{name} must be a number.', { name }) : whatIsWrong(argument, input.value);
    showWrong(input, hint, sentence);
    if (sentence) return;
    if (input.value.trim() === '') delete params[name];
    else params[name] = Number(input.value);
    onChange();
  });
  return { label, input };
}
