// The controls that the page is made of. Their looks are in controls.css.

import { findAll, make } from './dom.js';
import { t } from './language.js';
import { readNumber, whyNoNumber } from './read_number.js';

/**
 * @param {string | null} text
 * @param {() => void} onPress
 * @param {string} [className]
 * @param {string} [label] what a screen reader calls it, unless the text says it
 */
export function makeButton(text, onPress, className = 'button', label) {
  const node = make('button', text, className);
  node.type = 'button';
  if (label) node.setAttribute('aria-label', label);
  node.addEventListener('click', onPress);
  return node;
}

/**
 * A choice of one.
 *
 * @param {[value: string, text: string][]} entries
 * @param {string | null} label what a screen reader calls it, null where a <label> says it
 * @param {(value: string) => void} [onChosen]
 */
export function makeSelect(entries, label, onChosen) {
  const node = make('select');
  node.append(...entries.map(([value, text]) => new Option(text, value)));
  if (label) node.setAttribute('aria-label', label);
  if (onChosen) node.addEventListener('change', () => onChosen(node.value));
  return node;
}

/**
 * @param {{ label: string, low: number, high: number, step: number }} options label: what a screen reader calls it
 * @param {(value: number) => void} onInput
 */
export function makeSlider({ label, low, high, step }, onInput) {
  const node = make('input');
  Object.assign(node, { type: 'range', min: low, max: high, step });
  node.setAttribute('aria-label', label);
  node.addEventListener('input', () => onInput(Number(node.value)));
  return node;
}

/**
 * A checkbox and what it switches.
 *
 * @param {boolean} isOn
 * @param {(isOn: boolean) => void} onChange
 * @param {string | null} label what a screen reader calls it, null where the parts say it
 * @param {...(string | Node)} parts beside the box
 */
export function makeTick(isOn, onChange, label, ...parts) {
  const [node, box] = [make('label', null, 'tick'), make('input')];
  Object.assign(box, { type: 'checkbox', checked: isOn });
  if (label) box.setAttribute('aria-label', label);
  box.addEventListener('change', () => onChange(box.checked));
  node.append(box, ...parts);
  return { node, box };
}

// Without https a page has no clipboard, but the old way still works. The button says how it went.
/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    done = document.execCommand('copy');
    field.remove();
    button.focus();
  }
  button.textContent = done ? t('Copied') : t('Not copied');
  setTimeout(() => { button.textContent = t('Copy'); }, 1500);
}

/**
 * Fills every element of class "code" with a block of code and a button that copies it. The label of the element becomes
 * that of the code.
 *
 * @param {HTMLElement} element
 */
export function fillCodeBlocks(element) {
  for (const host of findAll(element, '.code')) {
    const code = make('pre');
    const button = makeButton(t('Copy'), () => copy(button, code.textContent), 'button copy');
    code.tabIndex = 0;
    code.setAttribute('aria-label', host.getAttribute('aria-label'));
    host.removeAttribute('aria-label');
    host.append(button, code);
  }
}

/**
 * A checkbox that looks like a switch.
 *
 * @param {boolean} isOn
 * @param {(isOn: boolean) => void} onChange
 */
export function makeSwitch(isOn, onChange) {
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
 * A field for a number. While its text is not a number that fits, the field says so and passes nothing on. It is a field
 * for text, because a browser's own field for numbers drops the letters it does not expect: 0,05 would arrive as 005.
 *
 * @param {object} options
 * @param {string} [options.label] what a screen reader calls it, unless a <label> says it
 * @param {number} options.low
 * @param {number} options.high
 * @param {number} options.step between two numbers that the arrow keys give
 * @param {boolean} [options.isWhole]
 * @param {number | string} [options.value]
 * @param {(text: string) => string} options.problemOf what is wrong with a text, "" if nothing is
 * @param {(problem: string) => void} options.onProblem is called after every change of the text
 * @param {(value: number | null) => void} options.onInput gets what fits; null for an empty field
 */
export function makeNumberField({ label, low, high, step, isWhole = false, value = '', problemOf, onProblem, onInput }) {
  const input = make('input');
  Object.assign(input, { type: 'text', inputMode: isWhole ? 'numeric' : 'decimal', autocomplete: 'off', value });
  if (label) input.setAttribute('aria-label', label);
  input.addEventListener('input', () => {
    const text = input.value.trim();
    const problem = problemOf(text);
    input.setAttribute('aria-invalid', String(Boolean(problem)));
    onProblem(problem);
    if (!problem) onInput(text ? readNumber(text, isWhole) : null);
  });
  input.addEventListener('keydown', (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const next = Math.min(high, Math.max(low, (readNumber(input.value, isWhole) || 0) + direction * step));
    input.value = String(Number(next.toFixed(4)));
    input.dispatchEvent(new Event('input'));
  });
  return input;
}

/**
 * The number in a field for text when the visitor has finished it: null in an empty one; undefined for what is no number,
 * which the field and `onProblem` say.
 *
 * @param {HTMLInputElement} input
 * @param {(problem: string) => void} onProblem
 * @returns {number | null | undefined}
 */
export function numberIn(input, onProblem) {
  const text = input.value.trim();
  const isWhole = input.inputMode === 'numeric';
  const problem = text && whyNoNumber(text, isWhole);
  input.setAttribute('aria-invalid', String(Boolean(problem)));
  if (problem) onProblem(problem);
  return problem ? undefined : text ? readNumber(text, isWhole) : null;
}

/**
 * Fills a group with radio buttons that look like chips.
 *
 * @template {string | number} V
 * @param {HTMLElement} view
 * @param {string} name of the group, unique on the page
 * @param {[value: V, label: string][]} entries
 * @param {(value: V) => void} onChosen
 * @returns {(value: V) => void} checks one of them
 */
export function fillRadios(view, name, entries, onChosen) {
  view.classList.add('options');
  const inputs = new Map(entries.map(([value, text]) => {
    const [label, input] = [make('label'), make('input')];
    Object.assign(input, { type: 'radio', name, value });
    input.addEventListener('change', () => onChosen(value));
    label.append(input, make('span', text));
    view.append(label);
    return [value, input];
  }));
  return (value) => inputs.forEach((input, key) => { input.checked = key === value; });
}

/** A cell that shows a number of a matrix. @param {string} text @param {boolean} [isPadding] whether it lies outside the data */
export const makeNumberCell = (text, isPadding = false) => make('i', text, `number-cell${isPadding ? ' pad' : ''}`);

/**
 * Tints a cell by its number: orange above 0 and blue below, the stronger the larger it is.
 *
 * @param {HTMLElement} cell
 * @param {number | string} value a visitor's text that is not a number gets no colour
 * @param {number} most the size that gets the full colour
 */
export function tint(cell, value, most) {
  const number = typeof value === 'number' ? value : 0;
  cell.dataset.sign = String(Math.sign(number));
  cell.style.setProperty('--share', `${most ? Math.round((46 * Math.abs(number)) / most) : 0}%`);
}
