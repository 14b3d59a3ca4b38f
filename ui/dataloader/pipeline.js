// The steps of a pipeline of transforms: switched, moved, removed, added, and their numbers.
//
// Value: [{name, on, params: {name: number}}]. A number out of its range stays in its field, with what fits
// beside it, and is not sent. Props: catalogue [{name, meaning, random, parameters}], presets [{name, steps}], most.

const find = (selector) => element.querySelector(selector);
const list = find('.steps');
const kinds = new Map(props.catalogue.map((kind) => [kind.name, kind]));
let rows = [];  // {step, item, ...parts}, in order; an item lives as long as its step, so that focus can stay
let fields = 0;

function part(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function tool(className, sign, act) {
  const made = part('button', `tool ${className}`, sign);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

const say = (words) => { find('.live').textContent = words; };
const copy = (step) => ({ name: step.name, on: step.on, params: { ...step.params } });
const asText = (steps) => JSON.stringify(steps.map((step) => [step.name, step.on, kinds.get(step.name).parameters.map((p) => step.params[p.name])]));

function send() {
  props.value = rows.map(({ step }) => copy(step));
  trigger('input');
  refresh();
}

// --- one row --------------------------------------------------------------------------------------------------------

function whatIsWrong(parameter, text) {
  const value = text.trim() === '' ? NaN : Number(text);
  const inside = value >= parameter.low && value <= parameter.high;
  const whole = parameter.kind !== 'int' || (Number.isInteger(value) && (value - parameter.low) % parameter.step === 0);
  return inside && whole ? '' : `must be ${parameter.allowed}`;
}

function field(row, parameter) {
  const label = part('label', 'field');
  const input = part('input', '');
  const hint = part('span', 'hint', parameter.meaning);
  fields += 1;
  hint.id = `${element.id || 'pipeline'}-hint-${fields}`;
  Object.assign(input, { type: 'number', min: parameter.low, max: parameter.high, value: row.step.params[parameter.name] });
  input.step = parameter.kind === 'int' ? parameter.step : 'any';
  input.inputMode = parameter.kind === 'int' ? 'numeric' : 'decimal';
  input.setAttribute('aria-label', `${parameter.name} of ${row.step.name}`);
  input.setAttribute('aria-describedby', hint.id);
  input.addEventListener('input', () => {
    const wrong = whatIsWrong(parameter, input.value);
    input.setAttribute('aria-invalid', String(Boolean(wrong)));
    hint.textContent = wrong || parameter.meaning;
    if (wrong || Number(input.value) === row.step.params[parameter.name]) return;
    row.step.params[parameter.name] = Number(input.value);
    send();
  });
  input.addEventListener('keydown', (event) => {  // step is 'any' for a float, and one press would add 1
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || parameter.kind === 'int') return;
    event.preventDefault();
    const next = Number(input.value) + by * parameter.step;
    input.value = Number(Math.min(parameter.high, Math.max(parameter.low, next)).toFixed(4));
    input.dispatchEvent(new Event('input'));
  });
  label.append(part('span', '', parameter.name), input, hint);
  return label;
}

function makeRow(given) {
  const row = { step: copy(given) };
  const kind = kinds.get(given.name);
  row.item = part('li', 'step');
  const head = part('div', 'head');
  const label = part('label', 'switch');
  row.on = part('input', '');
  row.on.type = 'checkbox';
  row.on.setAttribute('role', 'switch');
  row.name = part('span', 'name');
  label.append(row.on, part('span', 'track'), row.name);
  row.up = tool('up', '↑', () => move(row, -1));
  row.down = tool('down', '↓', () => move(row, 1));
  row.remove = tool('remove', '×', () => remove(row));
  const tools = part('div', 'tools');
  tools.append(row.up, row.down, row.remove);
  head.append(label, tools);
  row.fields = part('div', 'fields');
  row.fields.append(...kind.parameters.map((parameter) => field(row, parameter)));
  row.item.append(head, part('p', 'meaning', kind.meaning), row.fields);
  row.on.addEventListener('change', () => {
    row.step.on = row.on.checked;
    send();
  });
  return row;
}

function refresh() {
  rows.forEach((row, i) => {
    const { name, on } = row.step;
    row.on.checked = on;
    row.item.classList.toggle('off', !on);
    row.name.textContent = `${i + 1}. ${name}`;
    row.fields.hidden = !on || row.fields.children.length === 0;
    row.up.disabled = i === 0;
    row.down.disabled = i === rows.length - 1;
    row.up.setAttribute('aria-label', `Move ${name} up, it is step ${i + 1}`);
    row.down.setAttribute('aria-label', `Move ${name} down, it is step ${i + 1}`);
    row.remove.setAttribute('aria-label', `Remove ${name}, step ${i + 1}`);
  });
  const full = rows.length >= props.most;
  find('.empty').hidden = rows.length > 0;
  find('.full').hidden = !full;
  find('.plus').disabled = full;
  const now = asText(rows.map(({ step }) => step));
  presets.forEach(({ button, text }) => button.setAttribute('aria-pressed', String(text === now)));
}

// --- the list -------------------------------------------------------------------------------------------------------

function move(row, by) {
  const from = rows.indexOf(row);
  const to = from + by;
  if (to < 0 || to >= rows.length) return;
  rows.splice(from, 1);
  rows.splice(to, 0, row);
  list.insertBefore(row.item, rows[to + 1] ? rows[to + 1].item : null);
  send();
  // what is taken out of the page and put in again loses the focus; at the end of the list only one way is left
  const [same, other] = by < 0 ? [row.up, row.down] : [row.down, row.up];
  (same.disabled ? other : same).focus({ preventScroll: true });
  row.item.scrollIntoView({ block: 'nearest' });
  say(`${row.step.name} is now step ${to + 1} of ${rows.length}.`);
}

function remove(row) {
  const at = rows.indexOf(row);
  rows.splice(at, 1);
  row.item.remove();
  send();
  const next = rows[Math.min(at, rows.length - 1)];
  (next ? next.remove : find('.choice')).focus({ preventScroll: true });
  say(`${row.step.name} is removed; ${rows.length} steps are left.`);
}

function show(steps) {
  rows = steps.filter((step) => kinds.has(step.name)).map(makeRow);
  list.replaceChildren(...rows.map(({ item }) => item));
  refresh();
}

const presets = props.presets.map((preset) => {
  const button = part('button', '', preset.name);
  button.type = 'button';
  button.addEventListener('click', () => {
    show(preset.steps);
    send();
    say(`${preset.name}: ${rows.length} steps.`);
  });
  find('.presets').append(button);
  return { button, text: asText(preset.steps) };
});

props.catalogue.forEach((kind) => {
  const option = part('option', '', kind.name + (kind.random ? ' (random)' : ''));
  option.value = kind.name;
  find('.choice').append(option);
});
find('.choice').value = 'RandomHorizontalFlip';
find('.plus').addEventListener('click', () => {
  if (rows.length >= props.most) return;
  const kind = kinds.get(find('.choice').value);
  const params = Object.fromEntries(kind.parameters.map((parameter) => [parameter.name, parameter.default]));
  const row = makeRow({ name: kind.name, on: true, params });
  rows.push(row);
  list.append(row.item);
  send();
  say(`${kind.name} is added as step ${rows.length}.`);
  if (rows.length >= props.most) find('.choice').focus();
});

// our own value comes back here too; only another one is drawn anew
watch('value', () => {
  const given = props.value || [];
  if (asText(given.filter((step) => kinds.has(step.name))) !== asText(rows.map(({ step }) => step))) show(given);
});
show(props.value || []);
