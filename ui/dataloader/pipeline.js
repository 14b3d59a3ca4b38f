// The steps of a pipeline of transforms: switched, moved, removed, added, and their numbers.
//
// Value: [{name, on, params: {name: number}}]. A number out of range stays in its field, beside what it must be, and is
// not sent. Constants: catalogue [{name, meaning, random, parameters}], presets [{name, steps}], most,
// suggestion: the name of the step that is offered first.

import { makeButton, makeNumberField, makeSwitch } from '../kit/controls.js';
import { finder, make } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { readNumber, whyNoNumber } from '../kit/read_number.js';

/** @typedef {{ name: string, on: boolean, params: Record<string, number> }} Step */

/** @param {Step} step @returns {Step} */
const copyOf = ({ name, on, params }) => ({ name, on, params: { ...params } });

/** @param {any} parameter @param {string} text */
function problemOf(parameter, text) {
  const value = readNumber(text, parameter.whole);
  if (text && Number.isNaN(value)) return whyNoNumber(text, parameter.whole);
  const isInside = value >= parameter.low && value <= parameter.high;
  const fits = !parameter.whole || (value - parameter.low) % parameter.step === 0;
  return isInside && fits ? '' : parameter.requirement;
}

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, trigger, constants }) {
  const find = finder(element);
  const list = find('.steps');
  const kinds = new Map(constants.catalogue.map((kind) => [kind.name, kind]));
  let rows = [];  // {step, item, ...parts}, in order; an item lives as long as its step, so that it keeps the focus
  let fields = 0;

  const say = (sentence) => { find('.live').textContent = sentence; };
  const signature = (steps) => JSON.stringify(steps.map(({ name, on, params }) => [name, on, kinds.get(name).parameters.map((p) => params[p.name])]));

  function send() {
    props.value = rows.map(({ step }) => copyOf(step));
    trigger('input');
    refresh();
  }

  // --- one row ------------------------------------------------------------------------------------------------------

  function field({ step }, parameter) {
    const label = make('label', null, 'field');
    const hint = make('span', parameter.meaning, 'hint');
    fields += 1;
    hint.id = `${element.id || 'pipeline'}-hint-${fields}`;
    const input = makeNumberField({
      label: t('{parameter} of {step}', { parameter: parameter.name, step: step.name }),
      low: parameter.low,
      high: parameter.high,
      step: parameter.step,
      isWhole: parameter.whole,
      value: step.params[parameter.name],
      problemOf: (text) => problemOf(parameter, text),
      onProblem: (problem) => { hint.textContent = problem || parameter.meaning; },
      onInput(value) {
        if (value === step.params[parameter.name]) return;
        step.params[parameter.name] = value;
        send();
      },
    });
    input.setAttribute('aria-describedby', hint.id);
    const name = make('span', parameter.name);
    name.translate = false;
    label.append(name, input, hint);
    return label;
  }

  /** @param {Step} original */
  function makeRow(original) {
    const step = copyOf(original);
    const kind = kinds.get(step.name);
    const { label, input, text } = makeSwitch(step.on, (isOn) => {
      step.on = isOn;
      send();
    });
    const row = {
      step,
      item: make('li', null, 'step'),
      input,
      name: text,
      up: makeButton('↑', () => move(row, -1), 'button tool up'),
      down: makeButton('↓', () => move(row, 1), 'button tool down'),
      remove: makeButton('×', () => remove(row), 'button tool remove'),
      fields: make('div', null, 'fields'),
    };
    const head = make('div', null, 'head');
    const tools = make('div', null, 'tools');
    tools.append(row.up, row.down, row.remove);
    head.append(label, tools);
    row.fields.append(...kind.parameters.map((parameter) => field(row, parameter)));
    row.item.append(head, make('p', kind.meaning, 'meaning'), row.fields);
    return row;
  }

  function refresh() {
    rows.forEach((row, i) => {
      const { name, on } = row.step;
      row.input.checked = on;
      row.item.classList.toggle('off', !on);
      row.name.textContent = `${i + 1}. ${name}`;
      row.fields.hidden = !on || row.fields.children.length === 0;
      row.up.disabled = i === 0;
      row.down.disabled = i === rows.length - 1;
      row.up.setAttribute('aria-label', t('Move {name} up; it is step {number}', { name, number: i + 1 }));
      row.down.setAttribute('aria-label', t('Move {name} down; it is step {number}', { name, number: i + 1 }));
      row.remove.setAttribute('aria-label', t('Remove {name}, step {number}', { name, number: i + 1 }));
    });
    const isFull = rows.length >= constants.most;
    find('.empty').hidden = rows.length > 0;
    find('.full').hidden = !isFull;
    find('.plus').disabled = isFull;
    const current = signature(rows.map(({ step }) => step));
    presets.forEach(({ button, text }) => button.setAttribute('aria-pressed', String(text === current)));
  }

  // --- the list -----------------------------------------------------------------------------------------------------

  function move(row, by) {
    const from = rows.indexOf(row);
    const to = from + by;
    if (to < 0 || to >= rows.length) return;
    rows.splice(from, 1);
    rows.splice(to, 0, row);
    list.insertBefore(row.item, rows[to + 1]?.item ?? null);
    send();
    // an element that is moved loses the focus; at the end of the list only one direction is left
    const [same, other] = by < 0 ? [row.up, row.down] : [row.down, row.up];
    (same.disabled ? other : same).focus({ preventScroll: true });
    row.item.scrollIntoView({ block: 'nearest' });
    say(t('{name} is now step {number} of {steps}.', { name: row.step.name, number: to + 1, steps: rows.length }));
  }

  function remove(row) {
    const position = rows.indexOf(row);
    rows.splice(position, 1);
    row.item.remove();
    send();
    const next = rows[Math.min(position, rows.length - 1)];
    (next ? next.remove : find('.choice')).focus({ preventScroll: true });
    say(tn('{name} removed; {n} step left.', '{name} removed; {n} steps left.', rows.length, row.step));
  }

  /** @param {Step[]} steps */
  function show(steps) {
    rows = steps.filter(({ name }) => kinds.has(name)).map(makeRow);
    list.replaceChildren(...rows.map(({ item }) => item));
    refresh();
  }

  const presets = constants.presets.map(({ name, steps }) => {
    const button = makeButton(name, () => {
      show(steps);
      send();
      say(tn('{name}: {n} step.', '{name}: {n} steps.', rows.length, { name }));
    });
    find('.presets').append(button);
    return { button, text: signature(steps) };
  });

  const choice = find('.choice');
  choice.append(...constants.catalogue.map(({ name, random }) => new Option(random ? t('{name} (random)', { name }) : name, name)));
  choice.value = constants.suggestion;
  find('.plus').addEventListener('click', () => {
    if (rows.length >= constants.most) return;
    const { name, parameters } = kinds.get(choice.value);
    const row = makeRow({ name, on: true, params: Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.default])) });
    rows.push(row);
    list.append(row.item);
    send();
    say(t('{name} added as step {number}.', { name, number: rows.length }));
    if (rows.length >= constants.most) choice.focus();
  });

  // our own value comes back here, too; only a different one is shown
  watch('value', () => {
    const steps = (props.value ?? []).filter(({ name }) => kinds.has(name));
    if (signature(steps) !== signature(rows.map(({ step }) => step))) show(steps);
  });
  show(props.value ?? []);
}
