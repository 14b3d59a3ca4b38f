// A network as a list of layers: what the visitor changes, and what the server tells about it.
//
// Value: {stack, input}, as `on_stack` of stack.py reads it. `server.stack` returns the figures of each
// layer by its path ("2", or "7.1.0" in a branch), `server.network(name)` the lines of a network of this page.

let stack = structuredClone(props.value.stack);
let input = [...props.value.input];
let answer = null;     // of the stack as it is now, or as it was while the server is asked
let reading = null;    // a network of this page that is shown in place of the stack
let asking = false;
let again = false;
let fresh = false;      // whether the paths of the answer are those of the stack
const before = new WeakMap();  // the figures a layer had, shown while the server is asked

const past = [];               // what Undo goes back to, as text
let present = '';

const say = (words) => { find('.live').textContent = words; };

// --- asking -----------------------------------------------------------------------------------------------------

function remember() {
  const now = JSON.stringify({ stack, input });
  if (present && now !== present) past.push(present);
  if (past.length > 200) past.shift();
  present = now;
  find('.undo').setAttribute('aria-disabled', String(past.length === 0));
}

async function ask() {
  again = true;
  remember();
  marked();
  if (asking) return;   // one types faster than the network answers: only the last wish counts
  asking = true;
  while (again) {
    again = false;
    let told;
    try {
      told = await server.stack(structuredClone({ stack, input }));
    } catch {
      told = { problem: 'The server did not answer. Is it still running?' };
    }
    if (again) continue;
    const stopped = answer && answer.stop && answer.stop.said;
    find('.problem').textContent = told.problem || '';
    if (!told.problem) answer = told;
    fresh = !told.problem;
    if (answer && answer.stop && answer.stop.said !== stopped) say(`PyTorch stops: ${answer.stop.said}`);
    if (!reading) fill();
  }
  asking = false;
}

// --- what the answer tells --------------------------------------------------------------------------------------

function isFailing(line) {
  return Boolean(answer.stop && answer.stop.path === line.path);
}

function fillLine(line) {
  const failing = fresh && isFailing(line);
  const figures = fresh ? answer.figures[line.path] : before.get(line.layer);
  if (fresh && figures) before.set(line.layer, figures);
  const place = line.body || line.view;
  place.classList.toggle('failing', failing);
  place.classList.toggle('unreached', fresh && Boolean(answer.stop) && !figures && !failing);
  showFigures(line.parts, figures);
  line.note.textContent = figures ? figures.note : '';
  line.note.hidden = !line.note.textContent;
  if (line.layer.kind === 'Branches') {
    line.told.textContent = figures ? figures.code : line.layer.join === 'cat' ? 'torch.cat' : 'x + y';
  } else {
    const inferred = (failing ? answer.stop.inferred : figures && figures.inferred) || {};
    const words = [];
    for (const spec of props.kinds[line.layer.kind]) {
      const control = line.view.querySelector(`[data-name=${spec.name}]`);
      const value = line.layer.params[spec.name];
      if (spec.inferred && value === undefined) {
        control.placeholder = inferred[spec.name] ?? '';
        words.push(`${spec.name} ${inferred[spec.name] === undefined ? '' : `${inferred[spec.name]} `}inferred`);
      } else if (spec.name === 'stride' && value === undefined) control.placeholder = line.layer.params.kernel_size;
      else if (!control.closest('.more')?.hidden) continue;
      else if (control.closest('.more') && (value ?? spec.default) !== spec.default) words.push(`${spec.name} ${value === false ? 'False' : value}`);
    }
    line.told.textContent = words.join(', ');
  }
  const old = place.querySelector(':scope > .trouble');
  if (!failing) old?.remove();
  else {
    const box = trouble(answer.stop, line);
    if (old) old.replaceWith(box);
    else place.append(box);
  }
}

function trouble(stop, line) {
  const box = piece('div', 'trouble');
  box.append(piece('pre', '', stop.said), piece('p', '', stop.meaning));
  if (stop.mended) {
    const button = piece('button', 'button mend', `Mend it: ${stop.change}`);
    button.type = 'button';
    button.addEventListener('click', () => {
      stack = structuredClone(stop.mended);
      draw();
      focusOn(line.path);
      say(`Mended: ${stop.change}`);
    });
    box.append(button);
  }
  return box;
}

function chips(shape) {
  const view = piece('span', 'shape');
  view.setAttribute('role', 'img');
  view.setAttribute('aria-label', `Output shape ${shape.join(', ')}`);
  view.append(...shape.map((one, i) => {
    const chip = piece('span', '', many(one));
    chip.append(piece('small', '', shape.length === 4 ? 'NCHW'[i] : i === 0 ? 'N' : shape.length === 2 ? 'features' : ' '));
    return chip;
  }));
  return view;
}

function showWhole(shown) {
  const { totals, output } = shown;
  const count = reading ? totals.steps : stack.length;
  find('.through').textContent = `${count} ${reading ? 'step' : 'layer'}${count === 1 ? '' : 's'}`;
  find('.flow .result').replaceChildren(output ? chips(output) : piece('span', 'stopped', 'PyTorch stops on the way'));
  const total = find('.total');
  total.replaceChildren();
  const name = piece('div', 'name');
  name.append(piece('b', '', output ? 'Total' : 'Total up to the error'));
  total.append(name);
  const parts = cells(total);
  showFigures(parts, { output: output || [], parameters: totals.parameters, multiply_adds: totals.multiply_adds, bytes: totals.bytes, field: null, parameter_share: 0, work_share: 0 });
  if (!output) parts.output.textContent = '–';
  parts.field.parentElement.hidden = true;
  total.querySelectorAll('.bar').forEach((bar) => bar.remove());
  total.append(piece('div', 'tools'));
  find('.code pre').textContent = shown.program;
}

function marked() {  // what is old while a problem stands above it
  const problem = find('.problem');
  problem.hidden = !problem.textContent || Boolean(reading);
  find('.table').classList.toggle('stale', !problem.hidden);
  const now = asText(stack);
  buttons.forEach(({ button, text }) => button.setAttribute('aria-pressed', String(!reading && text === now)));
}

function fill() {
  lines.forEach(fillLine);
  if (answer) showWhole(answer);
  marked();
}

// --- changing ---------------------------------------------------------------------------------------------------

function draw() {
  fresh = false;
  lines = [];
  find('.table > .layers').replaceChildren(...stack.map((item, at) => (item.kind === 'Branches' ? forkRow(stack, at) : layerRow(stack, at, [at]))));
  find('.empty').hidden = stack.length > 0;
  find('.adder.last button').disabled = stack.length >= props.most.layers;
  sizes.forEach((field, i) => { field.value = input[i]; });
  ask();
  fill();
}

function focusOn(path, selector) {
  const line = lines.find((one) => one.path === path) || lines[lines.length - 1];
  if (!line) return find('.adder.last select').focus();
  const control = selector && [...line.view.querySelectorAll(selector)].pop();
  (control || line.view).focus({ preventScroll: true });
  line.view.scrollIntoView({ block: 'nearest' });
  return undefined;
}

const pathOf = (item) => lines.find((line) => line.layer === item)?.path;

function move(siblings, from, by) {
  const [item] = siblings.splice(from, 1);
  siblings.splice(from + by, 0, item);
  draw();
  // at the end of the list only one way is left
  const way = from + by === 0 ? 'down' : from + by === siblings.length - 1 ? 'up' : by < 0 ? 'up' : 'down';
  focusTool(item, way);
  say(`${item.kind} is now layer ${from + by + 1} of ${siblings.length}.`);
}

function focusTool(item, name) {
  const line = lines.find((one) => one.layer === item);
  const bar = line.view.querySelector(item.kind === 'Branches' ? ':scope > .group-head > .tools' : ':scope > .line > .tools');
  bar.querySelector(`.${name}`).focus({ preventScroll: true });
  line.view.scrollIntoView({ block: 'nearest' });
}

function remove(siblings, at, kind) {
  siblings.splice(at, 1);
  draw();
  const next = siblings[Math.min(at, siblings.length - 1)];
  if (next) focusTool(next, 'remove');
  else find('.adder.last select').focus();
  say(`${kind} is removed; ${siblings.length} layers are left.`);
}

function undo() {
  if (!past.length) return;
  present = past.pop();
  ({ stack, input } = JSON.parse(present));
  draw();
  say('The last change is undone.');
}

function adder(form, words, act, inBranch) {
  const select = piece('select');
  select.setAttribute('aria-label', `Layer to add ${words}`);
  select.append(...Object.keys(props.starts).filter((kind) => !inBranch || kind !== 'Branches').map((kind) => new Option(kind, kind)));
  const button = piece('button', 'button', 'Add');
  button.type = 'submit';
  form.append(piece('span', '', `Add a layer ${words}`), select, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(structuredClone(props.starts[select.value]));
  });
  return { select, button };
}

function openAdder(siblings, at, host, words) {
  find('.adder.here')?.remove();
  const form = piece('form', 'adder here');
  const { select, button } = adder(form, words, (item) => {
    siblings.splice(at, 0, item);
    draw();
    focusOn(pathOf(siblings[at]));
    say(`${item.kind} is added ${words}.`);
  }, siblings !== stack);
  const full = siblings.length >= (siblings === stack ? props.most.layers : props.most.branch);
  button.disabled = full;
  if (full) form.firstChild.textContent = `Full: ${siblings.length} layers are the most`;
  const close = tool('cancel', '×', 'Add no layer', () => {
    form.remove();
    host.querySelector('.plus, .button')?.focus();
  });
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') close.click(); });
  form.append(close);
  host.append(form);
  select.focus({ preventScroll: true });
  form.scrollIntoView({ block: 'nearest' });
}

// --- networks of this page --------------------------------------------------------------------------------------

async function read(name) {
  let told;
  try {
    told = await server.network(name);
  } catch {
    told = { problem: 'The server did not answer. Is it still running?' };
  }
  if (find('.networks select').value !== name) return;
  if (told.problem) {
    find('.problem').textContent = told.problem;
    find('.networks select').value = reading ? reading.network : '';
    marked();
    find('.problem').hidden = false;
    return;
  }
  reading = told;
  find('.reading p').textContent = told.about;
  find('.edit').hidden = !told.preset;
  lines = [];
  find('.table > .layers').replaceChildren(...told.rows.map(shownRow));
  sizes.forEach((field, i) => { field.value = told.input[i]; showWrong(field, find('.input .hint'), ''); });
  showMode();
  showWhole(told);
  marked();
  say(`${told.title}: ${told.rows.length} steps, ${many(told.totals.parameters)} parameters.`);
}

function showMode() {
  const shown = Boolean(reading);
  find('.reading').hidden = !shown;
  find('.adder.last').hidden = shown;
  find('.undo').hidden = shown;
  find('.table').classList.toggle('shown', shown);
  if (shown) find('.empty').hidden = true;
  sizes.forEach((field) => { field.disabled = shown; });
}

function back(chosen, shape) {
  reading = null;
  find('.networks select').value = '';
  if (chosen) stack = structuredClone(chosen);
  if (shape) input = shape;
  showMode();
  draw();
}

// --- at the start -----------------------------------------------------------------------------------------------

const asText = (items) => JSON.stringify(items.map((item) => (item.kind === 'Branches'
  ? [item.join, item.branches.map(asText)] : [item.kind, props.kinds[item.kind].map((spec) => item.params[spec.name])])));

const buttons = [['.presets', props.presets], ['.mistakes', props.mistakes]].flatMap(([place, list]) => list.map((preset) => {
  const button = piece('button', '', preset.name);
  button.type = 'button';
  button.addEventListener('click', () => {
    back(preset.stack, [...(preset.input || props.value.input)]);
    say(`${preset.name}: ${stack.length} layers.`);
  });
  find(place).append(button);
  return { button, text: asText(preset.stack) };
}));

const sizes = ['N', 'C', 'H', 'W'].map((name, i) => {
  const spec = { name: `${name} of the input`, low: 1, high: props.largest[i], type: 'int', needed: true };
  const label = piece('label', 'size');
  const control = piece('input');
  Object.assign(control, { type: 'number', min: 1, max: spec.high, step: 1, inputMode: 'numeric' });
  control.setAttribute('aria-label', spec.name);
  control.addEventListener('input', () => {
    const wrong = whatIsWrong(spec, control.value);
    showWrong(control, find('.input .hint'), wrong);
    if (wrong) return;
    input[i] = Number(control.value);
    ask();
  });
  label.append(control, piece('small', '', name));
  find('.input').append(label);
  return control;
});
find('.input').append(piece('p', 'hint'));
find('.input .hint').hidden = true;

adder(find('.adder.last'), 'at the end', (item) => {
  stack.push(item);
  draw();
  lines[lines.length - 1].view.scrollIntoView({ block: 'nearest' });
  say(`${item.kind} is added as layer ${stack.length}.`);
}, false);
props.networks.forEach(([name, title]) => find('.networks select').append(new Option(title, name)));
find('.networks select').addEventListener('change', (event) => (event.target.value ? read(event.target.value) : back()));
find('.yours').addEventListener('click', () => { back(); find('.networks select').focus(); });
find('.edit').addEventListener('click', () => {
  back(props.presets.find((preset) => preset.key === reading.preset).stack, [...props.value.input]);
  find('.networks select').focus();
});
find('.undo').addEventListener('click', undo);
find('.copy').addEventListener('click', () => copied(find('.copy'), find('.code pre').textContent));
draw();
