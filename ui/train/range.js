// The learning-rate range test: the chart grows with the steps, and the end brings two suggestions.

const RULES = [
  ['tenth', 'A tenth of the lowest point', 'a tenth'],
  ['steepest', 'Steepest descent', 'steepest'],
  ['lowest', 'Lowest point: already at the edge', 'lowest'],
];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 62, 40];
const svg = find('svg');
const plot = find('.plot');
let span = { low: 1e-6, high: 10, steps: 120 };
let steps = [];        // [learning rate, loss, average]
let end = null;
let at = null;         // the step that is read
let asking = false;
let stale = false;

const drawn = (kind, values, words) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', kind);
  Object.entries(values).forEach(([name, value]) => made.setAttribute(name, value));
  if (words !== undefined) made.textContent = words;
  return made;
};
const RAISED = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
const power = (exponent) => (exponent >= -2 && exponent <= 2 ? String(Number((10 ** exponent).toPrecision(1))) : `10${[...String(exponent)].map((sign) => RAISED[sign]).join('')}`);

// --- the chart ----------------------------------------------------------------------------------------------------

let across = () => 0;
let up = () => 0;

function ceiling() {   // the explosion itself may leave the sheet: what is before it matters
  if (!steps.length) return 3;
  const first = steps[0][2];
  const most = Math.max(...steps.map(([, , average]) => average));
  return Math.max(first * 1.25, Math.min(most, first * 1.7));
}

function draw() {
  const width = plot.clientWidth;
  const height = plot.clientHeight;
  if (!width) return;
  const top = ceiling();
  const decades = Math.log10(span.high / span.low);
  across = (rate) => LEFT + ((width - LEFT - RIGHT) * Math.log10(rate / span.low)) / decades;
  up = (loss) => height - BOTTOM - ((height - TOP - BOTTOM) * loss) / top;
  const parts = [];
  const rough = top / 5;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const tick = [1, 2, 5, 10].map((k) => k * ten).find((one) => one >= rough * 0.999);
  for (let mark = 0; mark <= top * 1.001; mark += tick) {
    const y = up(mark);
    parts.push(drawn('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
    parts.push(drawn('text', { x: LEFT - 7, y: y + 4, 'text-anchor': 'end' }, brief(mark)));
  }
  const first = Math.ceil(Math.log10(span.low) - 1e-9);
  const last = Math.floor(Math.log10(span.high) + 1e-9);
  const stride = (width - LEFT - RIGHT) / decades < 46 ? 2 : 1;
  for (let exponent = last; exponent >= first; exponent -= stride) {
    const x = across(10 ** exponent);
    parts.push(drawn('line', { class: 'grid', x1: x, x2: x, y1: TOP, y2: height - BOTTOM }));
    parts.push(drawn('text', { x, y: height - BOTTOM + 17, 'text-anchor': exponent === last ? 'end' : 'middle' }, power(exponent)));
  }
  parts.push(drawn('text', { x: width - RIGHT, y: height - 4, 'text-anchor': 'end' }, 'learning rate of the step, each a fixed multiple of the one before'.slice(0, width > 520 ? 99 : 25)));
  steps.forEach(([rate, loss]) => {
    if (loss <= top) parts.push(drawn('circle', { class: 'batch', cx: across(rate).toFixed(1), cy: up(loss).toFixed(1), r: 2.2 }));
  });
  const line = [];
  for (const [i, [rate, , average]] of steps.entries()) {
    if (average <= top) {
      line.push(`${across(rate).toFixed(1)},${up(average).toFixed(1)}`);
      continue;
    }
    const before = steps[i - 1];   // the way to the first value above the sheet, as far as the sheet goes
    if (before) {
      const share = (top - before[2]) / (average - before[2]);
      line.push(`${(across(before[0]) + share * (across(rate) - across(before[0]))).toFixed(1)},${up(top).toFixed(1)}`);
    }
    break;
  }
  parts.push(drawn('polyline', { class: 'average', points: line.join(' ') }));
  parts.push(...marks(width, height));
  if (at !== null && steps[at]) {
    const [rate, , average] = steps[at];
    const group = drawn('g', { class: 'cursor' });
    group.append(drawn('line', { x1: across(rate), x2: across(rate), y1: TOP, y2: height - BOTTOM }));
    if (average <= top) group.append(drawn('circle', { cx: across(rate), cy: up(average), r: 5 }));
    parts.push(group);
  }
  svg.replaceChildren(...parts);
}

function marks(width, height) {
  const list = RULES.map(([name, , word]) => [name, word, end?.[name]]);
  list.push(['now', 'chosen now', chosen?.lr]);
  const there = list.filter(([, , rate]) => rate >= span.low && rate <= span.high).sort((a, b) => a[2] - b[2]);
  return there.map(([name, word, rate], i) => {   // each label on a line of its own: marks may be close together
    const x = across(rate);
    const y = 12 + i * 15;
    const group = drawn('g', { class: `mark ${name}` });
    const left = x > width - 150;
    group.append(drawn('line', { x1: x, x2: x, y1: y + 4, y2: height - BOTTOM }));
    group.append(drawn('text', { x: left ? x + 2 : x - 2, y, 'text-anchor': left ? 'end' : 'start' }, `${word} ${brief(rate)}`));
    return group;
  });
}

function read(step) {
  at = step === null || !steps.length ? null : Math.max(0, Math.min(steps.length - 1, step));
  let words = '';
  if (at !== null) {
    const [rate, loss, average] = steps[at];
    words = `Step ${at + 1}: learning rate ${brief(rate, 3)}, loss ${brief(loss, 4)}, running average ${brief(average, 4)}.`;
  }
  find('.reading').textContent = words;
  plot.setAttribute('aria-valuenow', String((at ?? -1) + 1));
  plot.setAttribute('aria-valuetext', words || (steps.length ? `${steps.length} steps` : 'no step yet'));
  draw();
}

function pointed(event) {
  if (!steps.length) return;
  const x = event.clientX - plot.getBoundingClientRect().left;
  let best = 0;
  steps.forEach(([rate], i) => { if (Math.abs(across(rate) - x) < Math.abs(across(steps[best][0]) - x)) best = i; });
  read(best);
}
plot.addEventListener('pointermove', pointed);
plot.addEventListener('pointerdown', pointed);
plot.addEventListener('pointerleave', () => read(null));
plot.addEventListener('blur', () => read(null));
plot.addEventListener('keydown', (event) => {
  const last = steps.length - 1;
  const next = { ArrowRight: (at ?? -1) + 1, ArrowLeft: (at ?? last + 1) - 1, ArrowUp: (at ?? -1) + 1, ArrowDown: (at ?? last + 1) - 1,
    PageUp: (at ?? -1) + 10, PageDown: (at ?? last + 1) - 10, Home: 0, End: last, Escape: null }[event.key];
  if (next === undefined || last < 0) return;
  event.preventDefault();
  read(next);
});
new ResizeObserver(draw).observe(plot);

// --- what it suggests ---------------------------------------------------------------------------------------------

const rounded = (rate) => Number(rate.toPrecision(2));

function showRules() {
  find('.rules').hidden = !end;
  find('.numbers').hidden = !steps.length;
  if (!end) return;
  find('.said').textContent = end.said;
  const found = end.tenth !== null;
  find('.rules table').hidden = find('.rules .note').hidden = find('.compare').hidden = !found;
  find('.rules tbody').replaceChildren(...(found ? RULES : []).map(([name, words]) => {
    const row = make('tr');
    const rule = make('th', words, name);
    rule.scope = 'row';
    const what = make('td');
    if (name !== 'lowest') {
      const rate = rounded(end[name]);
      const use = make('button', chosen?.lr === rate ? 'Chosen now' : 'Use this learning rate', `button use${name === 'tenth' ? ' first' : ''}`);
      Object.assign(use, { type: 'button', disabled: chosen?.lr === rate });
      use.setAttribute('aria-label', `${use.textContent}: ${rate}`);
      use.addEventListener('click', () => {
        choose({ lr: rate });
        find('.state').textContent = `Learning rate ${rate} is chosen in Train.`;
        if (use.disabled || !use.isConnected) find('.state').focus();
      });
      what.append(use);
    }
    row.append(rule, make('td', brief(end[name]), 'rate'), what);
    return row;
  }));
}

find('.compare').addEventListener('click', () => {
  const rates = [...new Set([rounded(end.tenth), rounded(end.steepest), chosen.lr])].filter((rate) => rate > 0).sort((a, b) => a - b);
  document.dispatchEvent(new CustomEvent('tp-sweep', { detail: { rows: ['lr', rates], columns: ['seed', [0, 1, 2]] } }));
});

function showTable() {
  if (!find('.numbers').open) return;
  const body = find('.numbers tbody');
  while (body.children.length > steps.length) body.lastChild.remove();
  for (let i = body.children.length; i < steps.length; i += 1) {
    const row = make('tr');
    const head = make('th', String(i + 1));
    head.scope = 'row';
    row.append(head, ...[brief(steps[i][0], 3), brief(steps[i][1], 4), brief(steps[i][2], 4)].map((words) => make('td', words)));
    body.append(row);
  }
}
find('.numbers').addEventListener('toggle', showTable);

// --- the run ------------------------------------------------------------------------------------------------------

const told = {
  begin() {
    steps = [];
    end = null;
    find('.numbers tbody').replaceChildren();
    find('.idle').hidden = true;
    find('.state').textContent = 'Starting';
    read(null);
    showRules();
  },
  record(one) {
    if (one.record === 'RangeStart') span = one;
    else if (one.record === 'RangeStep') steps.push([one.lr, one.loss, one.average]);
    else if (one.record === 'RangeEnd') end = one;
  },
  draw(answer) {
    plot.setAttribute('aria-valuemax', String(steps.length));
    const last = steps[steps.length - 1];
    if (going) find('.state').textContent = stateText(answer, `Step ${steps.length} of ${span.steps}${last ? `, learning rate ${brief(last[0])}` : ''}`);
    else if (answer.state === 'failed') { find('.state').textContent = ''; problem(answer.said); }
    else if (!end) find('.state').textContent = answer.said || `Stopped after ${steps.length} steps: too early for a suggestion.`;
    else find('.state').textContent = `${end.steps} steps in ${end.seconds.toFixed(1)} s.`;
    draw();
    showRules();
    showOutdated();
    showTable();
  },
};

find('.go').addEventListener('click', () => begin('range', null, told));

// --- the choices of the Train part --------------------------------------------------------------------------------

const word = (field) => props.names[field]?.[chosen[field]] || String(chosen[field]);

function showOutdated() {
  const others = end ? changedSince(['lr', 'schedule', 'average', 'epochs']) : '';
  find('.outdated').hidden = !others;
  find('.outdated').textContent = others ? `Since this test you have changed: ${others}. Run it again.` : '';
}

async function showChoices() {
  find('.with').textContent = `With what is chosen in Train: ${word('network')}, ${word('optimizer')}, batch size ${many(chosen.batch_size ?? 128)}. ` +
    'Fresh weights, the real batches; the learning rate and its schedule are those of the test.';
  showOutdated();
  showRules();
  draw();
  stale = true;
  if (asking) return;   // of several changes only the last one counts
  asking = true;
  while (stale) {
    stale = false;
    const answer = await ask('program', { recipe: chosen });
    if (!stale) find('pre').textContent = answer.code || answer.problem;
  }
  asking = false;
}

document.addEventListener('tp-recipe', ({ detail }) => {
  if (!detail || !element.isConnected) return;
  chosen = detail;
  showChoices();
});

showChoices();
recover('range', told);
