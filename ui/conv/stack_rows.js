// The rows of the table: layers with fields, branches with layers of their own, and the lines of a network that
// is only shown. `stack.js` runs after this and keeps the state that they change.

const piece = (kind, name, words) => {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (words !== undefined) made.textContent = words;
  return made;
};
const shapeText = (shape) => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
const size = (bytes) => (bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);
const MAIN = { Conv2d: ['out_channels', 'kernel_size', 'stride', 'padding'], Linear: ['in_features', 'out_features'] };
const JOINS = { cat: 'cat: one behind the other', add: 'add: number to number' };

const opened = new WeakSet();  // layers that show all their numbers
let lines = [];                // {path, layer, view, parts}, in order

// --- figures ----------------------------------------------------------------------------------------------------

function cells(line) {
  const parts = {};
  const cell = (name, words, bar) => {
    parts[name] = piece('b');
    const view = piece('span', `cell ${name}`);
    view.append(piece('small', '', `${words} `), parts[name]);
    if (bar) {
      const track = piece('i', `bar ${name}`);
      parts[`${name}Bar`] = piece('i');
      track.append(parts[`${name}Bar`]);
      view.append(track);
    }
    line.append(view);
  };
  cell('output', 'output');
  cell('parameters', 'parameters', true);
  cell('work', 'multiply-adds', true);
  cell('memory', 'memory');
  cell('field', 'sees');
  return parts;
}

function showFigures(parts, figures) {
  const put = (name, words) => {
    parts[name].textContent = words;
    parts[name].classList.toggle('none', words === '0' || words === '–');
  };
  put('output', figures ? shapeText(figures.output) : '–');
  put('parameters', figures ? many(figures.parameters) : '–');
  put('work', !figures ? '–' : figures.multiply_adds === null ? '?' : many(figures.multiply_adds));
  put('memory', figures ? size(figures.bytes) : '–');
  put('field', figures && figures.field ? figures.field.join(' × ') : '–');
  for (const [bar, share] of [['parametersBar', figures && figures.parameter_share], ['workBar', figures && figures.work_share]]) {
    parts[bar].style.width = `${100 * (share || 0)}%`;
    parts[bar].classList.toggle('empty', !share);
  }
}

// --- fields -----------------------------------------------------------------------------------------------------

function whatIsWrong(spec, text) {
  if (text.trim() === '' && !spec.needed) return '';
  const value = text.trim() === '' ? NaN : Number(text);
  const fits = value >= spec.low && value <= spec.high && (spec.type !== 'int' || Number.isInteger(value));
  return fits ? '' : `${spec.name} must be ${spec.type === 'int' ? 'a whole number' : 'a number'} from ${many(spec.low)} to ${many(spec.high)}.`;
}

function showWrong(input, hint, wrong) {
  input.setAttribute('aria-invalid', String(Boolean(wrong)));
  hint.textContent = wrong;
  hint.hidden = !wrong;
}

function field(line, spec, where) {
  const { layer } = line;
  const label = piece('label', `field ${spec.type}`);
  const input = piece('input');
  input.dataset.name = spec.name;
  input.setAttribute('aria-label', `${spec.name} of ${where}`);
  label.append(piece('span', '', spec.name), input);
  if (spec.type === 'bool') {
    input.type = 'checkbox';
    input.checked = layer.params[spec.name] ?? spec.default;
    input.addEventListener('change', () => {
      layer.params[spec.name] = input.checked;
      ask();
    });
    return label;
  }
  Object.assign(input, { type: 'number', min: spec.low, max: spec.high, value: layer.params[spec.name] ?? '' });
  input.step = spec.type === 'int' ? 1 : 0.1;
  input.inputMode = spec.type === 'int' ? 'numeric' : 'decimal';
  if (spec.inferred) input.title = 'Leave it empty, and it is taken from the input.';
  input.addEventListener('input', () => {
    // a field with letters in it is empty, too, and is not meant to be
    const wrong = input.validity.badInput ? `${spec.name} must be a number.` : whatIsWrong(spec, input.value);
    showWrong(input, line.hint, wrong);
    if (wrong) return;
    if (input.value.trim() === '') delete layer.params[spec.name];
    else layer.params[spec.name] = Number(input.value);
    ask();
  });
  return label;
}

function tool(name, sign, words, act) {
  const made = piece('button', `tool ${name}`, sign);
  made.type = 'button';
  made.title = words;
  made.setAttribute('aria-label', words);
  made.addEventListener('click', act);
  return made;
}

function tools(siblings, at, where, view) {
  const bar = piece('div', 'tools');
  const kind = siblings[at].kind;
  const up = tool('up', '↑', `Move ${where} up`, () => move(siblings, at, -1));
  const down = tool('down', '↓', `Move ${where} down`, () => move(siblings, at, 1));
  up.disabled = at === 0;
  down.disabled = at === siblings.length - 1;
  bar.append(
    tool('plus', '+', `Add a layer after ${where}`, () => openAdder(siblings, at + 1, view(), `after ${where}`)),
    up, down,
    tool('remove', '×', `Remove ${where}`, () => remove(siblings, at, kind)),
  );
  return bar;
}

// --- rows -------------------------------------------------------------------------------------------------------

function layerRow(siblings, at, path) {
  const layer = siblings[at];
  const where = path.length === 1 ? `${at + 1}. ${layer.kind}` : `${at + 1}. ${layer.kind} of branch ${path[1] + 1}`;
  const view = piece('li', 'row');
  view.tabIndex = -1;
  const row = piece('div', 'line');
  const line = { path: path.join('.'), layer, view, where, hint: piece('p', 'hint'), note: piece('p', 'note'), told: piece('small', 'told') };
  line.hint.hidden = true;
  const name = piece('div', 'name');
  name.append(piece('b', '', `${at + 1}. ${layer.kind}`), line.told);
  const fields = piece('div', 'fields');
  const specs = props.kinds[layer.kind];
  const main = MAIN[layer.kind] || specs.map((spec) => spec.name);
  const first = specs.filter((spec) => main.includes(spec.name));
  const rest = specs.filter((spec) => !main.includes(spec.name));
  fields.append(...first.map((spec) => field(line, spec, where)));
  if (rest.length) {
    const more = piece('div', 'more');
    more.append(...rest.map((spec) => field(line, spec, where)));
    more.hidden = !opened.has(layer);
    const button = tool('dots', '⋯', `More numbers of ${where}`, () => {
      more.hidden = !more.hidden;
      if (more.hidden) opened.delete(layer);
      else opened.add(layer);
      button.setAttribute('aria-expanded', String(!more.hidden));
      fill();
    });
    button.setAttribute('aria-expanded', String(!more.hidden));
    fields.append(button, more);
  }
  row.append(name, fields);
  line.parts = cells(row);
  row.append(tools(siblings, at, where, () => view));
  view.append(row, line.hint, line.note);
  lines.push(line);
  return view;
}

function branch(fork, number, at) {
  const layers = fork.branches[number];
  const view = piece('li', 'branch');
  const head = piece('div', 'branch-head');
  head.append(piece('b', '', `Branch ${number + 1}`));
  if (!layers.length) head.append(piece('span', 'pass', 'no layer: passes its input on'));
  const bar = piece('div', 'tools');
  // after a layer there is a button of its own
  const add = tool('plus', '+', `Add a layer at the start of branch ${number + 1}`, () => openAdder(layers, 0, place, `at the start of branch ${number + 1}`));
  bar.append(add);
  if (fork.branches.length > 2) {
    bar.append(tool('remove', '×', `Remove branch ${number + 1} of layer ${at + 1}`, () => {
      fork.branches.splice(number, 1);
      draw();
      focusOn(`${at}`);
      say(`Branch ${number + 1} is removed; ${fork.branches.length} branches are left.`);
    }));
  }
  head.append(bar);
  const place = piece('div', 'place');
  place.append(head);
  const list = piece('ol', 'layers');
  list.setAttribute('aria-label', `Layers of branch ${number + 1}`);
  list.append(...layers.map((layer, n) => layerRow(layers, n, [at, number, n])));
  view.append(place, list);
  return view;
}

function forkRow(siblings, at) {
  const fork = siblings[at];
  const view = piece('li', 'row group');
  view.tabIndex = -1;
  const where = `${at + 1}. Branches`;
  const head = piece('div', 'group-head');
  const label = piece('label', 'join');
  const select = piece('select');
  select.setAttribute('aria-label', `How ${where} are joined`);
  select.append(...Object.entries(JOINS).map(([value, words]) => new Option(words, value)));
  select.value = fork.join;
  select.addEventListener('change', () => {
    fork.join = select.value;
    ask();
  });
  label.append(piece('span', '', 'joined by'), select);
  const more = piece('button', 'button small', 'Add a branch');
  more.type = 'button';
  more.disabled = fork.branches.length >= props.most.branches;
  more.addEventListener('click', () => {
    fork.branches.push([]);
    draw();
    focusOn(`${at}`);
    say(`Branch ${fork.branches.length} is added.`);
  });
  head.append(piece('b', '', where), piece('span', 'pass', 'all see the same input'), label, more, tools(siblings, at, where, () => view));
  const list = piece('ol', 'branches');
  list.append(...fork.branches.map((_, number) => branch(fork, number, at)));
  const row = piece('div', 'line joined');
  const line = { path: `${at}`, layer: fork, view, where, note: piece('p', 'note'), told: piece('b'), body: piece('div', 'joint') };
  const name = piece('div', 'name');
  name.append(line.told);
  row.append(name);
  line.parts = cells(row);
  row.append(piece('div', 'tools'));
  line.body.append(row, line.note);
  view.append(head, list, line.body);
  lines.push(line);
  return view;
}

function shownRow(record) {  // of a network that is only shown
  const view = piece('li', 'row');
  const row = piece('div', 'line');
  const name = piece('div', 'name');
  name.append(piece('b', '', record.code.split('(')[0]), piece('small', 'told', record.name));
  row.append(name, piece('code', 'fields', record.code));
  showFigures(cells(row), record);
  row.append(piece('div', 'tools'));
  view.append(row);
  if (record.note) view.append(piece('p', 'note', record.note));
  return view;
}
