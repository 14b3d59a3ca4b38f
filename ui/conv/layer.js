// One layer: its numbers as sliders, the shapes, formulas and facts that follow, or PyTorch's error.
//
// Value: what `on_layer` of layer.py returns. `server.layer(spec)` gives the same for other numbers.

const KINDS = ['Conv2d', 'ConvTranspose2d', 'MaxPool2d', 'AvgPool2d'];
const POOLS = ['MaxPool2d', 'AvgPool2d'];
// name on the page, its key, the group it opens; the pairs have a height and a width
const SLIDERS = [
  ['N', 'n', 'Input (N, C, H, W)'], ['C', 'c'], ['H', 'h'], ['W', 'w'],
  ['in_channels', 'in_channels', 'Layer'], ['out_channels', 'out_channels'], ['kernel_size', 'kernel'],
  ['stride', 'stride'], ['padding', 'padding'], ['dilation', 'dilation'], ['output_padding', 'output_padding'],
  ['groups', 'groups'],
];
const PAIRS = ['kernel', 'stride', 'padding', 'dilation', 'output_padding'];

let shown = null;
let asking = false;
let wanted = null;
let newest = null;    // the last wish while the server is asked: the next change builds on it, not on what is shown
let good = null;      // the last specification that the server took

const current = () => structuredClone(newest || shown.spec);

// --- asking -----------------------------------------------------------------------------------------------------

async function ask(spec) {
  wanted = newest = spec;
  if (asking) return;   // a slider moves faster than the network answers: only the last wish counts
  asking = true;
  let mended = false;
  while (wanted) {
    const wish = wanted;
    wanted = null;
    try {
      const answer = await server.layer(wish);
      const mend = answer.error?.mend;
      if (mend && !wanted && !mended && !find('.errors').checked) {
        mended = true;    // two changes at once, or another layer, may not fit together: nobody asked to see that
        wanted = newest = { ...wish, ...mend };
        continue;
      }
      shown = { ...shown, ...answer };
      if (!shown.error) good = shown.spec;
    } catch {
      shown = { ...shown, error: { said: '', meaning: 'The server did not answer. Is it still running?', mend: null } };
    }
    if (wanted) continue;
    newest = null;
    render();
  }
  asking = false;
}

function changed(spec) {
  const next = structuredClone(spec);
  if (!find('.errors').checked) next.in_channels = next.c;
  ask(next);
}

// --- the sliders ------------------------------------------------------------------------------------------------

function rows() {
  const spec = shown.spec;
  const pool = POOLS.includes(spec.kind);
  const square = find('.square').checked;
  const list = [];
  for (const [name, key, group] of SLIDERS) {
    if (pool && ['in_channels', 'out_channels', 'groups'].includes(key)) continue;
    if (key === 'in_channels' && !find('.errors').checked) continue;
    if (key === 'dilation' && spec.kind === 'AvgPool2d') continue;
    if (key === 'output_padding' && spec.kind !== 'ConvTranspose2d') continue;
    if (key === 'padding' && spec.kind === 'Conv2d') list.push({ mode: true });
    if (key === 'padding' && typeof spec.padding === 'string') continue;
    const together = key === 'c' && !pool && !find('.errors').checked;  // C and in_channels move as one
    if (!PAIRS.includes(key)) list.push({ name, paths: [[key]], group, limits: [together ? 'channels' : key] });
    else if (square) list.push({ name, paths: [[key, 0], [key, 1]], group, limits: [`${key}_h`, `${key}_w`] });
    else ['h', 'w'].forEach((axis, i) => list.push({ name: `${name} ${i ? '→' : '↓'}`, paths: [[key, i]], group, limits: [`${key}_${axis}`] }));
  }
  return list;
}

const at = (spec, [key, i]) => (i === undefined ? spec[key] : spec[key][i]);
function put(spec, [key, i], value) {
  if (i === undefined) spec[key] = value;
  else spec[key][i] = value;
}

function choices(limits) {  // the values that fit every axis
  // while something is wrong all values are there: the way out may lead through two sliders
  const from = find('.errors').checked || shown.error ? shown.limits : shown.allowed;
  const lists = limits.map((name) => from[name] || []);
  return lists[0].filter((value) => lists.every((list) => list.includes(value)));
}

function showSliders() {
  const view = find('.sliders');
  const wantedRows = rows();
  const signature = JSON.stringify(wantedRows.map((row) => row.name || 'mode'));
  if (view.dataset.rows !== signature) {
    view.dataset.rows = signature;
    const focused = view.contains(document.activeElement) && document.activeElement.getAttribute('aria-label');
    view.replaceChildren(...wantedRows.flatMap((row) => {
      const line = make('label', undefined, 'slider');
      line.append(make('span', row.mode ? 'padding' : row.name));
      if (row.mode) {
        const select = make('select');
        select.append(...['numbers', 'same', 'valid'].map((name) => new Option(name === 'numbers' ? 'numbers' : `"${name}"`, name)));
        select.setAttribute('aria-label', 'padding as numbers, "same" or "valid"');
        select.addEventListener('change', () => changed({ ...current(), padding: select.value === 'numbers' ? [0, 0] : select.value,
          stride: select.value === 'same' && !find('.errors').checked ? [1, 1] : current().stride }));
        line.append(select);
        return [line];
      }
      const range = make('input');
      range.type = 'range';
      range.setAttribute('aria-label', row.name);
      range.addEventListener('input', () => {
        const spec = current();
        const value = range.values[Number(range.value)];
        row.paths.forEach((path) => put(spec, path, value));
        line.lastElementChild.textContent = value;
        range.setAttribute('aria-valuetext', String(value));
        changed(spec);
      });
      line.append(range, make('output'));
      return row.group ? [make('span', row.group, 'group'), line] : [line];
    }));
    if (focused) view.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }
  const lines = [...view.querySelectorAll('.slider')];
  wantedRows.forEach((row, i) => {
    const [, control, output] = lines[i].children;
    if (row.mode) {
      control.value = typeof shown.spec.padding === 'string' ? shown.spec.padding : 'numbers';
      return;
    }
    const value = at(shown.spec, row.paths[0]);
    const values = choices(row.limits);
    if (!values.includes(value)) values.push(value);
    values.sort((a, b) => a - b);
    control.values = values;
    Object.assign(control, { min: 0, max: values.length - 1, step: 1 });
    control.value = values.indexOf(value);
    control.disabled = values.length < 2;
    control.setAttribute('aria-valuetext', String(value));
    output.textContent = value;
  });
}

// --- what follows from them -------------------------------------------------------------------------------------

function shape(sizes, name) {
  const chips = make('span', undefined, `shape ${name}`);
  chips.append(...sizes.map((size, i) => {
    const chip = make('span', many(size));
    chip.append(make('small', 'NCHW'[i]));
    return chip;
  }));
  chips.setAttribute('role', 'img');
  chips.setAttribute('aria-label', `${name === 'out' ? 'Output' : 'Input'} shape ${sizes.join(', ')}`);
  return chips;
}

function render() {
  if (!shown) return;
  find('.kinds').querySelectorAll('input').forEach((input) => { input.checked = input.value === shown.spec.kind; });
  find('.bias').checked = shown.spec.bias;
  find('.bias-tick').hidden = POOLS.includes(shown.spec.kind);
  showSliders();
  const flow = [shape(['n', 'c', 'h', 'w'].map((key) => shown.spec[key]), 'in'), make('span', shown.call, 'through')];
  flow.push(shown.output ? shape(shown.output, 'out') : make('span', 'no output', 'none'));
  find('.flow').replaceChildren(...flow);
  const error = shown.error;
  find('.trouble').hidden = !error;
  find('.trouble .said').textContent = error ? error.said : '';
  find('.trouble .said').hidden = !error || !error.said;
  find('.trouble .meaning').textContent = error ? error.meaning : '';
  find('.mend').hidden = !error || !error.mend;
  find('.mend').textContent = error && error.mend_text ? `Mend it: ${error.mend_text}` : 'Mend it';
  find('.formulas').replaceChildren(...(shown.formulas || []).map(({ name, lines, note }) => {
    const view = make('div', undefined, 'formula');
    if (name) view.append(make('b', name));
    view.append(...lines.map((line, i) => make('span', line, i === 0 ? 'symbols' : i === lines.length - 1 ? 'last' : '')));
    if (note) view.append(make('em', note));
    return view;
  }));
  find('.facts tbody').replaceChildren(...(shown.facts || []).map((cells) => {
    const row = make('tr');
    row.append(...cells.map((cell) => make('td', cell)));
    return row;
  }));
  find('.code pre').textContent = shown.program || '';
  showWindow();
}

find('.kinds').append(...KINDS.map((kind) => {
  const label = make('label');
  const input = make('input');
  Object.assign(input, { type: 'radio', name: 'kind', value: kind });
  input.addEventListener('change', () => {
    const spec = { ...current(), kind };
    if (typeof spec.padding === 'string' && kind !== 'Conv2d') spec.padding = [0, 0];
    // pools take at most half of the kernel as padding
    if (POOLS.includes(kind)) spec.padding = spec.padding.map((one, i) => Math.min(one, Math.floor(spec.kernel[i] / 2)));
    if (kind === 'AvgPool2d') spec.dilation = [1, 1];
    if (kind !== 'ConvTranspose2d') spec.output_padding = [0, 0];
    changed(spec);
  });
  label.append(input, make('span', kind));
  return label;
}));
find('.square').addEventListener('change', () => {
  const spec = current();
  if (find('.square').checked) PAIRS.forEach((key) => { if (Array.isArray(spec[key])) spec[key][1] = spec[key][0]; });
  changed(spec);
  showSliders();
});
find('.bias').addEventListener('change', () => changed({ ...current(), bias: find('.bias').checked }));
find('.errors').addEventListener('change', () => {
  changed(find('.errors').checked ? current() : good || current());
  showSliders();  // their values are known already
});
find('.mend').addEventListener('click', () => changed({ ...current(), ...shown.error.mend }));
find('.copy').addEventListener('click', () => copied(find('.copy'), find('.code pre').textContent));
find('.form').addEventListener('submit', (event) => event.preventDefault());
