// The fields of a layer of the stack.

import { makeNumberField } from '../kit/controls.js';
import { make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { whatIsWrong } from '../kit/read_number.js';

/**
 * @typedef {object} Argument of a layer
 * @property {string} name
 * @property {number} low
 * @property {number} high
 * @property {'int' | 'float' | 'bool'} type
 * @property {boolean} needed whether the field must not be empty
 * @property {number | boolean | null} default
 * @property {boolean} inferred taken from the input where it is left out
 * @property {string} same_as the argument whose value it has where it is left out
 * @property {boolean} main shown without a click
 */

/**
 * The field of one argument.
 *
 * @param {Argument} argument
 * @param {Record<string, number | boolean>} params of the layer: the field reads and writes them
 * @param {{ where: string, hint: HTMLElement, onChange: () => void }} line where: how the layer is called
 * @returns {{ label: HTMLLabelElement, input: HTMLInputElement }}
 */
export function argumentField(argument, params, { where, hint, onChange }) {
  const { name, low, high, type, needed, inferred } = argument;
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
  const isWhole = type === 'int';
  const input = makeNumberField({
    label, low, high, step: isWhole ? 1 : 0.1, isWhole,
    problemOf: (text) => whatIsWrong(text, { name, low, high, isWhole, isNeeded: needed }),
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
