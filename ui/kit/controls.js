// The controls that the parts of the page are made of. Their looks are in controls.css.

import { copy, make } from './dom.js';

/**
 * A block of code with a button that copies it.
 *
 * @param {HTMLElement} host an empty element of class "code"
 * @param {string} label what a screen reader calls the code
 * @returns {(text: string) => void} shows other code
 */
export function codeBlock(host, label) {
  const button = make('button', 'Copy', 'button copy');
  const code = make('pre');
  button.type = 'button';
  code.tabIndex = 0;
  code.setAttribute('aria-label', label);
  button.addEventListener('click', () => copy(button, code.textContent));
  host.append(button, code);
  return (text) => { code.textContent = text; };
}

/**
 * A checkbox that looks like a switch.
 *
 * @param {boolean} isOn
 * @param {(isOn: boolean) => void} onChange
 */
export function toggle(isOn, onChange) {
  const label = make('label', null, 'on-off');
  const input = make('input');
  const text = make('span', null, 'name');
  input.type = 'checkbox';
  input.checked = isOn;
  input.setAttribute('role', 'switch');
  input.addEventListener('change', () => onChange(input.checked));
  label.append(input, make('span', null, 'track'), text);
  return { label, input, text };
}

/**
 * A field for a number. While its text is no number that fits, the field says so and passes nothing on.
 *
 * @param {object} options
 * @param {string} options.label what a screen reader calls it
 * @param {number} options.low
 * @param {number} options.high
 * @param {number} options.step between two numbers that the arrow keys give
 * @param {boolean} [options.isWhole]
 * @param {number | string} options.value
 * @param {(text: string) => string} options.problemOf what is wrong with a text, "" when nothing is
 * @param {(problem: string) => void} options.onProblem is called after every change of the text
 * @param {(value: number) => void} options.onInput gets numbers that fit
 */
export function numberField({ label, low, high, step, isWhole = false, value, problemOf, onProblem, onInput }) {
  const input = make('input');
  // for numbers that are not whole any step counts as valid, and the arrow keys are handled below
  Object.assign(input, { type: 'number', min: low, max: high, step: isWhole ? step : 'any', value });
  input.inputMode = isWhole ? 'numeric' : 'decimal';
  input.setAttribute('aria-label', label);
  input.addEventListener('input', () => {
    const problem = problemOf(input.value);
    input.setAttribute('aria-invalid', String(Boolean(problem)));
    onProblem(problem);
    if (!problem) onInput(Number(input.value));
  });
  input.addEventListener('keydown', (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction || isWhole) return;
    event.preventDefault();
    const next = Math.min(high, Math.max(low, Number(input.value) + direction * step));
    input.value = String(Number(next.toFixed(4)));
    input.dispatchEvent(new Event('input'));
  });
  return input;
}
