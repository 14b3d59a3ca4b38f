// The fields of the form: how each is drawn, and how it shows a value.

import { makeButton, makeSelect, makeSlider, makeTick } from '../kit/controls.js';
import { findAll, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';
import { readNumber, whyNoNumber } from '../kit/read_number.js';

/**
 * One choice, as `ui.train.choices.Field` describes it.
 *
 * @typedef {object} Field
 * @property {string} key
 * @property {string} label
 * @property {'choice' | 'number' | 'rate' | 'switch'} kind
 * @property {boolean} whole whether its numbers are whole
 * @property {boolean} first whether it is above the fold
 * @property {string} help
 * @property {{ value: string, label: string, help: string }[]} options
 * @property {number[]} ladder values that the buttons − and + step through
 * @property {string} zero what 0 means, or ''
 * @property {boolean} zero_is_most
 * @property {Record<string, string[]>} only_for
 */

/** @typedef {string | number | boolean | null} Value null: the field is empty */
/** @typedef {{ low: number, high: number, quick: number[], usual: Record<string, number> }} Rates */

/** @param {Field} field @param {Value} value */
export function valueText(field, value) {
  if (typeof value === 'boolean') return value ? t('on') : t('off');
  if (value === 0 && field.zero) return field.zero;
  if (value === null || Number.isNaN(value)) return '';
  if (field.kind === 'choice') return field.options.find((option) => option.value === value)?.label ?? String(value);
  const grouped = count(Number(value));
  // in some languages the field would not read it back
  return field.key === 'samples' && readNumber(grouped, true) === value ? grouped : String(value);
}

/** A field and its value. @param {Field} field @param {Value} value */
export const fieldText = (field, value) => t('{field}: {value}', { field: field.label, value: valueText(field, value) });

/** @param {Field} field @param {string} text @returns {number | null} null for an empty field, NaN for what is no number */
export function readValue(field, text) {
  if (!text.trim()) return null;
  return field.zero && text.trim().toLowerCase() === field.zero.toLowerCase() ? 0 : readNumber(text, field.whole);
}

/**
 * The next value of the ladder.
 *
 * @param {Field} field
 * @param {number} value
 * @param {number} direction 1 or -1
 * @returns {number | undefined} undefined at its end
 */
export function nextValue({ ladder, zero_is_most: zeroIsMost }, value, direction) {
  const rank = (/** @type {number} */ number) => (zeroIsMost && number === 0 ? Infinity : number);
  const sorted = [...ladder].sort((a, b) => rank(a) - rank(b));
  return direction > 0 ? sorted.find((number) => rank(number) > rank(value)) : sorted.findLast((number) => rank(number) < rank(value));
}

/**
 * @param {Field} field
 * @param {object} context
 * @param {Rates} context.rates
 * @param {(key: string) => Value} context.valueOf
 * @param {(key: string, value: Value) => void} context.change
 * @param {(key: string, problem: string) => void} context.refuse is told of a text that is no number, instead of `change`
 */
export function drawField(field, { rates, valueOf, change, refuse }) {
  const view = make('div', null, 'field');
  view.dataset.key = field.key;
  const id = `train-${field.key}`;
  const help = make('span', field.help, 'help');
  help.id = `${id}-help`;
  /** @type {HTMLInputElement | HTMLSelectElement} */
  let control;
  if (field.kind === 'switch') {
    const { node, box } = makeTick(false, (isOn) => change(field.key, isOn), null, make('span', field.label));
    view.append(node);
    control = box;
  } else {
    const label = make('label', field.label);
    label.htmlFor = id;
    view.append(label);
    if (field.kind === 'choice') {
      control = makeSelect(field.options.map((option) => [option.value, option.label]), null, (value) => change(field.key, value));
      view.append(control);
    } else {
      const input = drawInput(field, change, refuse);
      if (field.kind === 'rate') view.append(drawSlider(field, input, rates, change), drawQuick(field, rates, change));
      else view.append(drawStepper(field, input, (direction) => {
        const next = nextValue(field, Number(valueOf(field.key) ?? 0), direction);
        if (next !== undefined) change(field.key, next);
      }));
      control = input;
    }
  }
  const problem = make('span', null, 'problem-here');
  problem.id = `${id}-problem`;
  problem.setAttribute('role', 'alert');
  view.append(problem, help);
  control.id = id;
  control.name = field.key;
  control.setAttribute('aria-describedby', `${problem.id} ${help.id}`);
  control.classList.add('control');
  view.classList.toggle('wide', field.kind === 'rate');
  return view;
}

/** @param {Field} field @param {(key: string, value: Value) => void} change @param {(key: string, problem: string) => void} refuse */
function drawInput(field, change, refuse) {
  const input = make('input');
  Object.assign(input, { type: 'text', inputMode: 'decimal' });
  // an answer that arrives meanwhile must not overwrite what is being typed
  input.addEventListener('input', () => { input.dataset.typing = 'yes'; });
  input.addEventListener('blur', () => { delete input.dataset.typing; });
  input.addEventListener('change', () => {
    delete input.dataset.typing;
    const value = readValue(field, input.value);
    if (Number.isNaN(value)) refuse(field.key, whyNoNumber(input.value, field.whole));
    else change(field.key, value);
  });
  return input;
}

/** @param {Field} field @param {HTMLInputElement} input @param {(direction: number) => void} step */
function drawStepper(field, input, step) {
  const view = make('div', null, 'stepper');
  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {number} */ direction) => makeButton(sign, () => step(direction), '', label);
  input.addEventListener('keydown', (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    delete input.dataset.typing;
    step(direction);
  });
  const values = { field: field.label };
  view.append(button('−', t('Less: {field}', values), -1), input, button('+', t('More: {field}', values), 1));
  return view;
}

/**
 * A slider in equal steps of the logarithm, with the number beside it.
 *
 * @param {Field} field
 * @param {HTMLInputElement} input
 * @param {Rates} rates
 * @param {(key: string, value: Value) => void} change
 */
function drawSlider(field, input, { low, high }, change) {
  const view = make('div', null, 'slide');
  const options = { label: t('{field}, logarithmic', { field: field.label }), low: Math.log10(low), high: Math.log10(high), step: 0.05 };
  view.append(makeSlider(options, (exponent) => change(field.key, Number((10 ** exponent).toPrecision(2)))), input);
  return view;
}

/** @param {Field} field @param {Rates} rates @param {(key: string, value: Value) => void} change */
function drawQuick(field, { quick }, change) {
  const view = make('div', null, 'quick');
  view.setAttribute('role', 'group');
  view.setAttribute('aria-label', t('{field}, usual values', { field: field.label }));
  view.append(...quick.map((rate) => {
    const button = makeButton(String(rate), () => change(field.key, rate), 'button tiny');
    button.dataset.rate = String(rate);
    return button;
  }));
  return view;
}

/**
 * @param {HTMLElement} view of `drawField`
 * @param {Field} field
 * @param {{ value: Value, isHidden: boolean, isWrong: boolean, refusal: string }} state refusal: why the text in the field was
 *   not taken as its value, "" if it was
 */
export function showField(view, field, { value, isHidden, isWrong, refusal }) {
  const control = /** @type {HTMLInputElement} */ (view.querySelector('.control'));
  view.hidden = isHidden;
  if (field.kind === 'switch') control.checked = Boolean(value);
  else if (field.kind === 'choice') {
    control.value = String(value);
    view.querySelector('.help').textContent = field.options.find((option) => option.value === value)?.help ?? '';
  } else if (!refusal && !control.dataset.typing && (document.activeElement !== control || readValue(field, control.value) !== value)) {
    control.value = valueText(field, value);
  }
  if (field.kind === 'rate' && Number(value) > 0) {
    const slider = /** @type {HTMLInputElement} */ (view.querySelector('[type=range]'));
    slider.value = String(Math.log10(Number(value)));
    slider.setAttribute('aria-valuetext', String(value));
    findAll(view, '.quick button').forEach((button) => button.setAttribute('aria-pressed', String(Number(button.dataset.rate) === value)));
  }
  showSentence(view.querySelector('.problem-here'), refusal);
  view.classList.toggle('wrong', isWrong || Boolean(refusal));
  control.setAttribute('aria-invalid', String(isWrong || Boolean(refusal)));
}
