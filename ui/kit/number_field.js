// A field for a number, or a slider with such a field beside it.
//
// Value: a number, null for an empty field, or the text of the field where that is not what it takes.

import { makeNumberField, makeSlider } from './controls.js';
import { finder, showSentence } from './dom.js';
import { readNumber, whatIsWrong, whyNoNumber } from './read_number.js';

let fields = 0;

/** @param {import('./control.js').Context} context */
export function mount({ element, props, watch, trigger, constants }) {
  const find = finder(element);
  const { label, info, low, high, step, whole: isWhole, slider } = constants;

  function put(value) {
    props.value = value;
    show();
    trigger('input');
  }

  /** @param {string} text */
  function problemOf(text) {
    if (slider) return whatIsWrong(text, { name: label, low, high, isWhole, isNeeded: false });
    return text && whyNoNumber(text, isWhole);
  }

  const input = makeNumberField({
    low: low ?? -Infinity,
    high: high ?? Infinity,
    step,
    isWhole,
    problemOf,
    onProblem(problem) {
      showSentence(find('.hint'), problem);
      if (problem) put(input.value);
    },
    onInput: put,
  });
  const range = slider ? makeSlider({ label, low, high, step }, put) : null;

  fields += 1;
  input.id = `number-field-${fields}`;
  find('.name').htmlFor = input.id;
  find('.name').textContent = label;
  showSentence(find('.info'), info);
  find('.entry').append(...(range ? [range] : []), input);

  function show() {
    const { value } = props;
    if (typeof value === 'string') return;   // the text in the field
    if (range) range.value = String(value);
    // what is being typed stays as it is
    if (input.value.trim() ? readNumber(input.value, isWhole) === value : value === null && document.activeElement === input) return;
    input.value = String(value ?? '');
    input.setAttribute('aria-invalid', 'false');
    showSentence(find('.hint'), '');
  }

  watch('value', show);
  show();
}
