// The steps of a pipeline of transforms: switched, moved, removed, added, and their numbers.
//
// Value: [{name, on, params: {name: number}}]. A number out of its range stays in its field, with what fits
// beside it, and is not sent. Constants: catalogue [{name, meaning, random, parameters}], presets [{name, steps}], most,
// suggestion: the name of the step that is offered first.

import { numberField, toggle } from '../kit/controls.js';
import { finder, make } from '../kit/dom.js';

/** @typedef {{ name: string, on: boolean, params: Record<string, number> }} Step */

/** @param {Step} step @returns {Step} */
const copyOf = ({ name, on, params }) => ({ name, on, params: { ...params } });

function problemOf(parameter, text) {
  const value = text.trim() === '' ? NaN : Number(text);
  const isInside = value >= parameter.low && value <= parameter.high;
  const fits = !parameter.whole || (Number.isInteger(value) && (value - parameter.low) % parameter.step === 0);
  return isInside && fits ? '' : `must be ${parameter.allowed}`;
}

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, trigger, constants }) {
  const find = finder(element);
  const list = find('.steps');
  const kinds = new Map(constants.catalogue.map((kind) => [kind.name, kind]));
  let rows = [];  // {step, item, ...parts}, in order; an item lives as long as its step, so that focus can stay
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
    const input = numberField({
      label: `${parameter.name} of ${step.name}`,
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
    label.append(make('span', parameter.name), input, hint);
    return label;
  }

  function tool(className, sign, act) {
    const button = make('button', sign, `button tool ${className}`);
    button.type = 'button';
    button.addEventListener('click', act);
    return button;
  }

  /** @param {Step} given */
  function makeRow(given) {
    const step = copyOf(given);
    const kind = kinds.get(given.name);
    const { label, input, text } = toggle(step.on, (isOn) => {
      step.on = isOn;
      send();
    });
    const row = {
      step,
      item: make('li', null, 'step'),
      input,
      name: text,
      up: tool('up', '↑', () => move(row, -1)),
      down: tool('down', '↓', () => move(row, 1)),
      remove: tool('remove', '×', () => remove(row)),
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
      row.up.setAttribute('aria-label', `Move ${name} up, it is step ${i + 1}`);
      row.down.setAttribute('aria-label', `Move ${name} down, it is step ${i + 1}`);
      row.remove.setAttribute('aria-label', `Remove ${name}, step ${i + 1}`);
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
    // what is taken out of the page and put in again loses the focus; at the end of the list only one way is left
    const [same, other] = by < 0 ? [row.up, row.down] : [row.down, row.up];
    (same.disabled ? other : same).focus({ preventScroll: true });
    row.item.scrollIntoView({ block: 'nearest' });
    say(`${row.step.name} is now step ${to + 1} of ${rows.length}.`);
  }

  function remove(row) {
    const position = rows.indexOf(row);
    rows.splice(position, 1);
    row.item.remove();
    send();
    const next = rows[Math.min(position, rows.length - 1)];
    (next ? next.remove : find('.choice')).focus({ preventScroll: true });
    say(`${row.step.name} is removed; ${rows.length} steps are left.`);
  }

  /** @param {Step[]} steps */
  function show(steps) {
    rows = steps.filter(({ name }) => kinds.has(name)).map(makeRow);
    list.replaceChildren(...rows.map(({ item }) => item));
    refresh();
  }

  const presets = constants.presets.map(({ name, steps }) => {
    const button = make('button', name, 'button');
    button.type = 'button';
    button.addEventListener('click', () => {
      show(steps);
      send();
      say(`${name}: ${rows.length} steps.`);
    });
    find('.presets').append(button);
    return { button, text: signature(steps) };
  });

  const choice = find('.choice');
  choice.append(...constants.catalogue.map(({ name, random }) => new Option(name + (random ? ' (random)' : ''), name)));
  choice.value = constants.suggestion;
  find('.plus').addEventListener('click', () => {
    if (rows.length >= constants.most) return;
    const { name, parameters } = kinds.get(choice.value);
    const row = makeRow({ name, on: true, params: Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.default])) });
    rows.push(row);
    list.append(row.item);
    send();
    say(`${name} is added as step ${rows.length}.`);
    if (rows.length >= constants.most) choice.focus();
  });

  // our own value comes back here too; only another one is drawn anew
  watch('value', () => {
    const steps = (props.value ?? []).filter(({ name }) => kinds.has(name));
    if (signature(steps) !== signature(rows.map(({ step }) => step))) show(steps);
  });
  show(props.value ?? []);
}
