// What the lines of the program change: one weight with its arithmetic, the batch, all parameters, the loss.
//
// Every number comes from torch; what is computed here are the steps between two of its numbers.

const SUPER = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
let tensors = [];
let blocks = [];      // of each parameter: its figures, in the order of STATES
let scales = [];      // of each parameter: the largest number of each state in the whole run, so that colours can be compared

function digits(value) {
  if (value === null || value === undefined) return 'None';
  if (Number.isNaN(value) || value === 'nan') return 'nan';
  if (!Number.isFinite(Number(value))) return Number(value) < 0 || value === '-inf' ? '−∞' : '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  let text = size.toPrecision(4);
  if (size < 1e-3 || size >= 1e5) {
    const [mantissa, power] = size.toExponential(3).split('e');
    text = `${mantissa}·10${[...String(Number(power))].map((one) => SUPER[one]).join('')}`;
  }
  return value < 0 ? `−${text}` : text;
}
const put = (value) => (value < 0 ? `(${digits(value)})` : digits(value));   // inside of a formula

// --- which tensor ---------------------------------------------------------------------------------------------------

const tensor = (id) => (id === null || id === undefined ? null : tensors[id]);
const entry = (id, place) => (tensor(id) ? tensor(id)[place] : null);

function lastStep() {  // the frame of the last step() that ran, if any
  for (let i = at; i > 0; i -= 1) if (shown.frames[i].line === 'step' && !shown.frames[i].error) return i;
  return null;
}

function difference(i, p) {
  const [after, before] = [tensor(shown.frames[i].w[p]), tensor(shown.frames[i - 1].w[p])];
  return after.map((value, place) => value - before[place]);
}

const STATES = [
  ['value', (p) => tensor(frame().w[p])],
  ['.grad', (p) => tensor(frame().g[p])],
  ['last update', (p) => { const i = lastStep(); return i === null ? null : difference(i, p); }],
];

function layout(p) {  // how a parameter is drawn: pictures of rows x columns, each with a name
  const { name, shape } = shown.parameters[p];
  const outs = shape[0] === shown.classes.length && !name.startsWith('hidden') ? shown.classes : [...Array(shape[0]).keys()].map((i) => `unit ${i}`);
  if (shape.length === 1) return { rows: 1, columns: shape[0], names: [''], outs };
  if (shape[1] === shown.side ** 2) return { rows: shown.side, columns: shown.side, names: outs, outs };
  return { rows: shape[0], columns: shape[1], names: [''], outs };
}

function placed(p, place) {  // where a weight lies, in words
  const { shape } = shown.parameters[p];
  const { outs } = layout(p);
  if (shape.length === 1) return [`${place}`, outs[place]];
  const [row, column] = [Math.floor(place / shape[1]), place % shape[1]];
  const where = shape[1] === shown.side ** 2 ? `row ${Math.floor(column / shown.side)}, column ${column % shown.side}` : `unit ${column}`;
  return [`${row}, ${column}`, `${outs[row]}, ${where}`];
}

// --- the parameters -------------------------------------------------------------------------------------------------

function toggle(words, checked, change) {
  const label = make('label', undefined, 'toggle');
  const tick = make('input');
  tick.type = 'checkbox';
  tick.checked = checked;
  tick.addEventListener('change', () => change(tick.checked));
  label.append(tick, make('span', words));
  return label;
}

function listWith(key, name, inside) {
  const rest = settings()[key].filter((one) => one !== name);
  changed({ [key]: inside ? [...rest, name] : rest });
}

function layParameters() {
  const view = find('.parameters');
  const focused = view.contains(document.activeElement) ? [...view.querySelectorAll('input, .cells')].indexOf(document.activeElement) : -1;
  blocks = [];
  const steps = shown.frames.map((one, i) => i).filter((i) => i && shown.frames[i].line === 'step' && !shown.frames[i].error);
  const most = (list) => Math.max(0, ...list.map((one) => one.reduce((top, value) => (Number.isFinite(value) ? Math.max(top, Math.abs(value)) : top), 0)));
  scales = shown.parameters.map((_, p) => [
    most([...new Set(shown.frames.map((one) => one.w[p]))].map(tensor)),
    most([...new Set(shown.frames.map((one) => one.g[p]))].filter((id) => id !== null).map(tensor)),
    most(steps.map((i) => difference(i, p))),
  ]);
  view.replaceChildren(...shown.parameters.map((one, p) => {
    const block = make('div', undefined, 'block');
    const title = make('div', undefined, 'title');
    title.append(make('code', one.name), make('small', `(${one.shape.join(', ')})`),
      toggle('given to the optimizer', one.given, (on) => listWith('not_given', one.name, !on)),
      toggle('requires_grad', !one.frozen, (on) => listWith('frozen', one.name, !on)));
    title.querySelectorAll('input').forEach((tick) => tick.setAttribute('aria-label', `${one.name}: ${tick.nextElementSibling.textContent}`));
    const { rows, columns, names } = layout(p);
    const figures = STATES.map(([state], s) => {
      const figure = make('figure', undefined, 'state');
      const caption = make('figcaption');
      caption.append(make('b', state), make('span', '', 'note'));
      const cells = make('div', undefined, 'cells');
      cells.dataset.kind = rows > 1 && names.length > 1 ? 'pictures' : rows > 1 ? 'matrix' : 'vector';
      cells.style.setProperty('--count', names.length);
      cells.append(...names.map((name, unit) => {
        const item = make('span', undefined, 'item');
        const sheet = make('span', undefined, 'sheet');
        const canvas = make('canvas');
        Object.assign(canvas, { width: columns, height: rows });
        sheet.style.aspectRatio = `${columns} / ${rows}`;
        sheet.append(canvas, make('i', undefined, 'mark'));
        sheet.addEventListener('pointerdown', (event) => {
          const box = sheet.getBoundingClientRect();
          const x = Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
          const y = Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * rows)));
          choose(p, unit * rows * columns + y * columns + x);
        });
        item.append(sheet);
        if (name) item.append(make('small', name));
        return item;
      }));
      if (s === 0) {
        cells.tabIndex = 0;
        cells.setAttribute('role', 'group');
        cells.setAttribute('aria-label', `${one.name}: the arrow keys choose a weight`);
        cells.addEventListener('keydown', (event) => walk(event, p));
      }
      figure.append(caption, cells, make('small', scales[p][s] ? `full colour: ±${digits(scales[p][s])}` : ''));
      return figure;
    });
    const row = make('div', undefined, 'states');
    row.append(...figures);
    block.append(title, row);
    blocks.push(figures);
    return block;
  }));
  if (focused >= 0) view.querySelectorAll('input, .cells')[focused]?.focus();
}

function choose(p, place) {
  pick = [p, place];
  showParameters();
  showBatch();
  showWeight();
}

function walk(event, p) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const { rows, columns, names } = layout(p);
  const now = pick[0] === p ? pick[1] : 0;
  let [unit, y, x] = [Math.floor(now / (rows * columns)), Math.floor(now / columns) % rows, now % columns];
  y = Math.min(rows - 1, Math.max(0, y + step[0]));
  x += step[1];
  if (x < 0 && unit > 0) { unit -= 1; x = columns - 1; }  // over the edge of a picture into the next one
  if (x >= columns && unit < names.length - 1) { unit += 1; x = 0; }
  choose(p, unit * rows * columns + y * columns + Math.min(columns - 1, Math.max(0, x)));
}

function colours() {
  const style = getComputedStyle(element);
  const read = (name) => { const hex = style.getPropertyValue(name).trim(); return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)); };
  return { above: read('--tp-accent'), below: read('--tp-naive'), lost: read('--tp-ink') };
}

function paintNumbers(canvas, values, largest, paints) {
  const pen = canvas.getContext('2d');
  const picture = pen.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => {
    const lost = !Number.isFinite(value);
    const share = lost ? 1 : largest ? Math.abs(value) / largest : 0;
    // the root lets small numbers be seen beside large ones
    picture.data.set([...(lost ? paints.lost : value < 0 ? paints.below : paints.above), Math.round(255 * Math.sqrt(share))], 4 * i);
  });
  pen.putImageData(picture, 0, 0);
}

function showParameters() {
  const paints = colours();
  const now = frame();
  const before = earlier();
  blocks.forEach((figures, p) => {
    const { rows, columns } = layout(p);
    const size = rows * columns;
    const sums = now.sums[p];
    figures.forEach((figure, s) => {
      const values = STATES[s][1](p);
      figure.classList.toggle('none', !values);
      const fresh = before && [now.w[p] !== before.w[p], now.g[p] !== before.g[p], now.line === 'step' && !now.error && now.w[p] !== before.w[p]][s];
      figure.classList.toggle('fresh', Boolean(fresh));
      const note = figure.querySelector('.note');
      note.className = 'note';
      note.textContent = '';
      if (s === 1) {
        const late = sums.length && sums.at(-1) < now.pass;
        if (!values) note.textContent = 'None';
        else if (sums.length > 1) note.textContent = `sum of ${sums.length} passes`;
        else if (late) note.textContent = `of pass ${sums[0] + 1}`;
        note.classList.toggle('wrong', sums.length > 1);
      } else if (s === 2 && !values) note.textContent = 'no step yet';
      [...figure.querySelectorAll('.sheet')].forEach((sheet, unit) => {
        const part = values ? values.slice(unit * size, (unit + 1) * size) : new Float32Array(size);
        paintNumbers(sheet.firstChild, part, scales[p][s], paints);
        const inside = pick[0] === p ? pick[1] - unit * size : -1;
        const mark = sheet.querySelector('.mark');
        mark.hidden = inside < 0 || inside >= size;
        mark.style.cssText = `left:${(100 * (inside % columns)) / columns}%;top:${(100 * Math.floor(inside / columns)) / rows}%;width:${100 / columns}%;height:${100 / rows}%`;
      });
    });
  });
}

// --- one weight -----------------------------------------------------------------------------------------------------

const batchOf = (now) => shown.batches[Math.min(now.pass, shown.batches.length - 1)];
const pixelOf = (picture, column) => atob(shown.pictures[picture].small).charCodeAt(column) / 255;

function gradientTerms(now, [p, place]) {  // (share − target) · input of each picture; none where a chain of layers lies between
  const { name, shape } = shown.parameters[p];
  const bias = shape.length === 1;
  if (name.startsWith('hidden') || (!bias && shape[1] !== shown.side ** 2)) return null;
  const batch = batchOf(now);
  const shares = tensor(now.logits.shares);
  const [unit, column] = bias ? [place, 0] : [Math.floor(place / shape[1]), place % shape[1]];
  return batch.pictures.map((picture, i) => ({
    share: shares[i * shown.classes.length + unit],
    target: Number(batch.labels[i] === unit),
    input: bias ? null : pixelOf(picture, column),
  }));
}

function backwardLines(now, before, chosen) {
  const [p, place] = chosen;
  if (shown.parameters[p].frozen) return [['It is frozen (requires_grad=False): backward() computes no gradient for it.', 'words']];
  const [old, sum] = [entry(before.g[p], place), entry(now.g[p], place)];
  const lines = [];
  const terms = gradientTerms(now, chosen);
  const size = batchOf(now).size;
  const made = old === null ? sum : sum - old;
  const name = old === null ? '.grad' : 'gradient of this loss';
  if (terms) {
    const told = terms.map(({ share, target, input }) => `(${digits(share)} − ${target})${input === null ? '' : `·${digits(input)}`}`);
    lines.push([`${name} = mean of (share − target)${terms[0].input === null ? '' : ' · pixel'}`, 'symbols'],
      [`= (${told.join(' + ')}${size > terms.length ? ` + … ${size} pictures` : ''}) / ${size}`, ''], [`= ${digits(made)}`, old === null ? 'last' : '']);
  } else {
    lines.push([`${name} = ${digits(made)}`, old === null ? 'last' : ''],
      ['The chain rule: backward() goes from the loss back through every layer to this weight.', 'words']);
  }
  if (old !== null) lines.push([`.grad = old .grad + ${name}`, 'symbols'], [`= ${digits(old)} + ${put(made)}`, ''], [`= ${digits(sum)}`, 'last wrong']);
  return lines;
}

function stepLines(now, before, [p, place]) {
  const one = shown.parameters[p];
  const [old, fresh, gradient] = [entry(before.w[p], place), entry(now.w[p], place), entry(now.g[p], place)];
  if (!one.given) return [[`The optimizer was not given ${one.name}: the weight stays ${digits(old)}, whatever its gradient says.`, 'words']];
  if (gradient === null) return [['.grad is None: step() passes over this weight.', 'words']];
  const { lr } = shown.settings;
  const buffer = (which, of) => entry(of.buffers[which][p], place);
  if (shown.settings.optimizer === 'simple-gd') {
    return [['w ← w − lr · .grad', 'symbols'], [`= ${digits(old)} − ${lr} · ${put(gradient)}`, ''], [`= ${digits(old)} − ${put(lr * gradient)}`, ''], [`= ${digits(fresh)}`, 'last']];
  }
  if (shown.settings.optimizer === 'momentum') {
    const [was, is] = [buffer('momentum_buffer', before), buffer('momentum_buffer', now)];
    const first = was === null;
    return [[first ? 'buffer ← .grad, in the first step' : 'buffer ← 0.9 · buffer + .grad', 'symbols'],
      [first ? `= ${digits(is)}` : `= 0.9 · ${put(was)} + ${put(gradient)} = ${digits(is)}`, ''],
      ['w ← w − lr · buffer', 'symbols'], [`= ${digits(old)} − ${lr} · ${put(is)}`, ''], [`= ${digits(fresh)}`, 'last']];
  }
  const t = now.t[p];
  const [m0, m, v0, v] = [buffer('exp_avg', before) ?? 0, buffer('exp_avg', now), buffer('exp_avg_sq', before) ?? 0, buffer('exp_avg_sq', now)];
  const [mHat, vHat] = [m / (1 - 0.9 ** t), v / (1 - 0.999 ** t)];
  return [['m ← 0.9 · m + 0.1 · .grad', 'symbols'], [`= 0.9 · ${put(m0)} + 0.1 · ${put(gradient)} = ${digits(m)}`, ''],
    ['v ← 0.999 · v + 0.001 · .grad²', 'symbols'], [`= 0.999 · ${put(v0)} + 0.001 · ${put(gradient)}² = ${digits(v)}`, ''],
    [`m̂ = m / (1 − 0.9^t), v̂ = v / (1 − 0.999^t), t = ${t}`, 'symbols'],
    [`m̂ = ${digits(mHat)}, v̂ = ${digits(vHat)}`, ''],
    ['w ← w − lr · m̂ / (√v̂ + 10⁻⁸)', 'symbols'], [`= ${digits(old)} − ${lr} · ${put(mHat)} / (${digits(Math.sqrt(vHat))} + 10⁻⁸)`, ''], [`= ${digits(fresh)}`, 'last']];
}

function forwardLines(now, [p, place]) {
  const { shape } = shown.parameters[p];
  const value = entry(now.w[p], place);
  const { outs } = layout(p);
  const into = (unit) => (shown.settings.network === 'softmax' ? `the logit of ${outs[unit]}` : outs[unit]);
  if (shape.length === 1) return [[`${digits(value)} is added to ${into(place)}, whatever the picture shows.`, 'words']];
  if (shape[1] !== shown.side ** 2) return [['It is multiplied with what the hidden unit gives, and added to the logit.', 'words']];
  const [unit, column] = [Math.floor(place / shape[1]), place % shape[1]];
  const batch = batchOf(now);
  return [[`w · pixel is its part of ${into(unit)}, in picture 1, 2 …`, 'symbols'],
    ...batch.pictures.map((picture) => [`${digits(value)} · ${digits(pixelOf(picture, column))} = ${digits(value * pixelOf(picture, column))}`, ''])];
}

function lines() {
  const now = frame();
  const before = earlier();
  if (!before || now.error) return [[now.error ? 'The line has failed: nothing has changed.' : 'A random number to begin with. Press Next.', 'words']];
  if (now.line === 'zero_grad') {
    const [old, left] = [before.g[pick[0]], now.g[pick[0]]].map((id) => entry(id, pick[1]));
    if (left !== null) return [[`The optimizer does not know this parameter: its .grad stays ${digits(left)}.`, 'words']];
    return [[`.grad: ${digits(old)} → None`, old === null ? '' : 'last']];
  }
  if (now.line === 'forward') return forwardLines(now, pick);
  if (now.line === 'loss') return [['The loss only measures: nothing changes for this weight.', 'words']];
  return now.line === 'backward' ? backwardLines(now, before, pick) : stepLines(now, before, pick);
}

function showWeight() {
  const [p, place] = pick;
  const one = shown.parameters[p];
  const now = frame();
  const before = earlier();
  const [index, words] = placed(p, place);
  find('.weight-name').replaceChildren('One weight: ', make('code', `${one.name}[${index}]`), make('small', words));
  const kept = Object.keys(now.buffers).map((name) => [name, (of) => of.buffers[name][p]]);
  find('.numbers tbody').replaceChildren(...[['value', (of) => of.w[p]], ['.grad', (of) => of.g[p]], ...kept].map(([name, id]) => {
    const row = make('tr');
    const value = entry(id(now), place);
    const old = before ? entry(id(before), place) : value;
    const changedNow = !Object.is(value, old);
    row.append(make('th', name), make('td', digits(value), changedNow ? 'fresh' : ''), make('td', changedNow ? `was ${digits(old)}` : '', 'was'));
    return row;
  }));
  find('.weight .sums').replaceChildren(...lines().map(([text, kind]) => make('p', text, kind)));
}

// --- the batch ------------------------------------------------------------------------------------------------------

function grey(canvas, text, side) {
  Object.assign(canvas, { width: side, height: side });
  const pen = canvas.getContext('2d');
  const picture = pen.createImageData(side, side);
  [...atob(text)].forEach((letter, i) => { const value = letter.charCodeAt(0); picture.data.set([value, value, value, 255], 4 * i); });
  pen.putImageData(picture, 0, 0);
}

function showBatch() {
  const now = frame();
  const batch = batchOf(now);
  find('.batch').hidden = !batch;
  if (!batch) return;
  const old = 'from' in now.logits && now.logits.from < now.pass;
  const begun = 'from' in now.logits && !(old && shown.settings.batches === 'next');
  const notes = [];
  if (batch.size > batch.pictures.length) notes.push(`the first ${batch.pictures.length} of ${batch.size}`);
  if (begun && old) notes.push(`logits of pass ${now.logits.from + 1}`);
  find('.batch-note').textContent = [...notes, shown.note].filter(Boolean).join('; ');
  const shares = begun ? tensor(now.logits.shares) : null;
  const logits = begun ? tensor(now.logits.logits) : null;
  const measured = 'from' in now.loss && begun && now.loss.from === now.logits.from;
  const count = shown.classes.length;
  find('.samples').classList.toggle('fresh', now.line === 'forward' && !now.error);
  find('.samples').replaceChildren(...batch.pictures.map((picture, i) => {
    const sample = make('div', undefined, 'sample');
    const pair = make('div', undefined, 'pair');
    const large = make('canvas');
    const small = make('canvas');
    grey(large, shown.pictures[picture].large, 28);
    grey(small, shown.pictures[picture].small, shown.side);
    const label = shown.classes[batch.labels[i]];
    [large, small].forEach((canvas, k) => { canvas.setAttribute('role', 'img'); canvas.setAttribute('aria-label', `${label}, ${k ? '8 by 8, as the network gets it' : '28 by 28'}`); });
    const sheet = make('span', undefined, 'sheet');
    sheet.append(small);
    const { shape } = shown.parameters[pick[0]];
    if (shape[1] === shown.side ** 2) {  // the pixel that the chosen weight is multiplied with
      const mark = make('i', undefined, 'mark');
      const column = pick[1] % shape[1];
      mark.style.cssText = `left:${(100 * (column % shown.side)) / shown.side}%;top:${(100 * Math.floor(column / shown.side)) / shown.side}%;width:12.5%;height:12.5%`;
      sheet.append(mark);
    }
    pair.append(large, sheet);
    const table = make('table');
    shown.classes.forEach((name, c) => {
      const row = make('tr', undefined, c === batch.labels[i] ? 'wanted' : '');
      const share = shares ? shares[i * count + c] : null;
      const bar = make('td', undefined, 'bar-cell');
      const fill = make('i');
      fill.style.transform = `scaleX(${Number.isFinite(share) ? share : 0})`;
      bar.append(fill);
      row.append(make('th', name), make('td', logits ? logits[i * count + c].toFixed(Math.abs(logits[i * count + c]) < 10 ? 2 : 1).replace('-', '−') : '–'), bar, make('td', shares ? `${Number.isFinite(share) ? Math.round(100 * share) : '?'} %` : '–'));
      table.append(row);
    });
    sample.append(pair, make('b', label), table);
    const each = measured ? tensor(now.loss.each)[i] : null;
    sample.append(make('p', measured ? `−ln(${digits(shares[i * count + batch.labels[i]])}) = ${digits(each)}` : '−ln(share of the right class)', measured ? 'each' : 'each waiting'));
    return sample;
  }));
  const line = find('.loss-line');
  line.classList.toggle('fresh', now.line === 'loss' && !now.error);
  if (!('from' in now.loss)) { line.textContent = 'loss: not computed yet'; return; }
  const told = measured ? batch.pictures.map((_, i) => digits(tensor(now.loss.each)[i])) : [];
  const value = make('b', digits(now.loss.loss));
  const from = now.loss.from < now.pass ? make('small', ` (of pass ${now.loss.from + 1})`) : '';
  line.replaceChildren(told.length ? `loss = (${told.join(' + ')}${batch.size > told.length ? ' + …' : ''}) / ${batch.size} = ` : 'loss = ', value, from);
}

// --- the loss over the passes ---------------------------------------------------------------------------------------

function drawn(kind, attributes, words) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', kind);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  if (words !== undefined) made.textContent = words;
  return made;
}

function showCurve() {
  const { curve, textbook, passes } = shown;
  const done = shown.frames.slice(0, at + 1).filter((one) => one.line === 'loss' && !one.error).length;
  const known = [...curve, ...(textbook || [])].filter((value) => typeof value === 'number');
  const top = Math.max(...known, 0.1) * 1.08;
  const across = (i) => 52 + (i * 570) / (passes - 1);
  const up = (value) => 140 - (128 * value) / top;
  const path = (list) => list.map((value, i) => (typeof value === 'number' ? `${i && typeof list[i - 1] === 'number' ? 'L' : 'M'}${across(i).toFixed(1)} ${up(value).toFixed(1)}` : '')).join('');
  const parts = [0, 0.5, 1].flatMap((share) => [
    drawn('path', { d: `M52 ${up((share * top) / 1.08).toFixed(1)}H630`, class: 'rule' }),
    drawn('text', { x: 44, y: up((share * top) / 1.08) + 4, 'text-anchor': 'end' }, ((share * top) / 1.08).toPrecision(2)),
  ]);
  for (let i = 0; i < passes; i += 1) parts.push(drawn('text', { x: across(i), y: 162, 'text-anchor': 'middle' }, i + 1));
  if (textbook) parts.push(drawn('path', { d: path(textbook), class: 'textbook' }));
  parts.push(drawn('path', { d: path(curve), class: 'later' }), drawn('path', { d: path(curve.slice(0, done)), class: 'mine' }));
  curve.slice(0, done).forEach((value, i) => {
    if (typeof value === 'number') parts.push(drawn('circle', { cx: across(i), cy: up(value), r: i === done - 1 ? 6 : 3.5, class: i === done - 1 ? 'dot now' : 'dot' }));
  });
  const chart = find('.chart');
  chart.replaceChildren(...parts);
  const told = curve.slice(0, done).map(digits).join(', ');
  chart.setAttribute('aria-label', done ? `Loss of the passes so far: ${told}` : 'No loss yet');
  find('.curve-note').textContent = textbook ? 'of each pass; dashed: the textbook’s loop' : 'of each pass';
}

watch('value', () => { if (props.value) take(props.value); });
if (props.value) take(props.value);
