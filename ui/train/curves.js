// The curves of the runs, one over the other. Goes on after runs.js.
//
// Each run keeps its colour and its dashes; its name stands at the end of its line, and the list below reads the values at
// the step that is pointed at.

const SVG = 'http://www.w3.org/2000/svg';
const BOTTOM = 34;
const TOP = 10;
const LEFT = 58;

let curves = [];
let metric = 'accuracy';
let pointed = null;       // the step under the pointer
let frame = null;         // how the last chart was drawn
let fetching = false;
let wanted = false;

async function bringCurves() {
  if (fetching) { wanted = true; return; }
  fetching = true;
  do {
    wanted = false;
    const shown = list.filter((run) => !run.uploaded && !hidden.has(run.id)).map((run) => run.id);
    const found = await ask('curves', { runs: shown });
    if (found.problem) { say(found.problem); break; }
    curves = found.curves;
    const ticked = shown.length;
    find('.sentence').textContent = found.sentence || (list.length > 1 && ticked !== 2 ? 'Tick exactly two curves to read what differs between two runs.' : '');
    drawCurves();
  } while (wanted);
  fetching = false;
}

function pointsOf(curve) {
  if (metric === 'loss') return curve.step.map((step, i) => [step, curve.loss[i]]);
  return curve.validated.map(([step, loss, accuracy]) => [step, metric === 'accuracy' ? accuracy : loss]);
}

const written = (value) => (metric === 'accuracy' ? percent(value) : value >= 0.1 && value < 100 ? value.toFixed(3) : value.toPrecision(3)).replace('-', '−');

function ticks(low, high, most) {
  const raw = (high - low || Math.abs(high) || 1) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((k) => power * k >= raw * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first) + 1 }, (_, i) => (first + i) * step);
}

const draw = (kind, traits, words) => {
  const made = document.createElementNS(SVG, kind);
  Object.entries(traits).forEach(([name, value]) => made.setAttribute(name, value));
  if (words !== undefined) made.textContent = words;
  return made;
};

function drawCurves() {
  const lines = curves.map((curve) => ({ run: list.find((one) => one.id === curve.run), points: pointsOf(curve), curve })).filter((one) => one.run);
  const all = lines.flatMap((line) => line.points).filter(([, value]) => value !== null && Number.isFinite(value));
  find('.curves').hidden = !lines.some((line) => line.curve.step.length || line.curve.validated.length);
  element.querySelectorAll('[data-show]').forEach((one) => one.setAttribute('aria-pressed', String(one.dataset.show === metric)));
  const view = find('.plot');
  const focused = view.contains(document.activeElement);
  const width = view.clientWidth;
  if (!width || find('.curves').hidden) return;
  if (!all.length) {
    view.replaceChildren(make('p', metric === 'loss' ? 'No step yet.' : 'No validation yet.', 'none'));
    find('.legend').replaceChildren();
    find('.reading').textContent = '';
    return;
  }
  const height = width < 560 ? 240 : 300;
  const right = width < 560 ? width - 26 : width - 150;
  const furthest = Math.max(1, ...lines.flatMap((line) => line.points.map(([step]) => step)));
  let low = Math.min(...all.map(([, value]) => value));
  let high = Math.max(...all.map(([, value]) => value));
  // a run that is lost would press all the others to the ground
  const power = metric !== 'accuracy' && low > 0 && high / low > 50;
  const scaled = power ? Math.log10 : (value) => value;
  [low, high] = [scaled(low), scaled(high)];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.05;
  [low, high] = [low - room, high + room];
  if (metric === 'accuracy') [low, high] = [Math.max(0, low), Math.min(1, high)];
  const x = (step) => LEFT + ((right - LEFT) * step) / furthest;
  const y = (value) => TOP + ((height - BOTTOM - TOP) * (high - scaled(value))) / (high - low);
  frame = { furthest, x, lines, power };

  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, width, height, tabindex: 0, role: 'img' });
  const marks = power ? ticks(low, high, 4).map((one) => 10 ** one) : ticks(low, high, 5);
  marks.forEach((mark) => {
    svg.append(draw('path', { class: 'rule', d: `M${LEFT} ${y(mark).toFixed(1)}H${right}` }));
    const text = metric === 'accuracy' ? `${+(100 * mark).toFixed(2)} %` : Math.abs(mark) >= 1e5 ? mark.toExponential(0).replace('+', '') : String(+mark.toPrecision(3));
    svg.append(draw('text', { x: LEFT - 8, y: (y(mark) + 5).toFixed(1), 'text-anchor': 'end' }, text));
  });
  ticks(0, furthest, width < 560 ? 4 : 8).filter((one) => Number.isInteger(one)).forEach((mark) => {
    svg.append(draw('text', { x: x(mark).toFixed(1), y: height - 12, 'text-anchor': 'middle' }, many(mark)));
  });
  svg.append(draw('text', { x: LEFT - 12, y: height - 12, 'text-anchor': 'end' }, 'step'));

  const ends = [];
  lines.forEach(({ run, points }) => {
    const { dash, colour, number } = styleOf(run.id);
    let path = '';
    let drawn = null;
    points.forEach(([step, value]) => {
      if (value === null || !Number.isFinite(value)) { path += ' '; drawn = null; return; }
      path += `${drawn ? 'L' : 'M'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
      drawn = [step, value];
    });
    const line = draw('path', { class: 'curve', d: path, 'stroke-dasharray': dash });
    line.style.stroke = colour;
    svg.append(line);
    if (metric !== 'loss' && points.length < 60) {
      points.filter(([, value]) => value !== null && Number.isFinite(value)).forEach(([step, value]) => {
        const dot = draw('circle', { cx: x(step).toFixed(1), cy: y(value).toFixed(1), r: 3 });
        dot.style.fill = colour;
        svg.append(dot);
      });
    }
    const last = points.findLast(([, value]) => value !== null && Number.isFinite(value));
    if (last) {
      const name = width < 560 ? String(number) : run.name.length > 17 ? `${run.name.slice(0, 16)}…` : run.name;
      const room = 8 * name.length + 10;
      ends.push({ name, room, at: y(last[1]), x: Math.min(x(last[0]) + 8, width - room), colour });
    }
  });
  // names that would lie on one another are moved apart
  const near = (a, b) => a.x < b.x + b.room && b.x < a.x + a.room && Math.abs(a.at - b.at) < 16;
  const placed = [];
  ends.sort((a, b) => a.at - b.at).forEach((one) => {
    while (placed.some((other) => near(one, other))) one.at += 1;
    placed.push(one);
  });
  // more than there is room for below: upwards again
  placed.toReversed().forEach((one, i, all) => {
    const lower = all.slice(0, i);
    one.at = Math.min(one.at, height - BOTTOM - 4);
    while (lower.some((other) => near(one, other))) one.at -= 1;
  });
  placed.forEach((one) => {
    const text = draw('text', { class: 'name', x: one.x.toFixed(1), y: (one.at + 5).toFixed(1) }, one.name);
    text.style.fill = one.colour;
    svg.append(text);
  });
  const cursor = draw('path', { class: 'cursor', d: '' });
  svg.append(cursor);
  const words = { accuracy: 'Validation accuracy', validation: 'Validation loss', loss: 'Training loss' }[metric];
  svg.setAttribute('aria-label', `${words} by step of ${lines.length} ${lines.length === 1 ? 'run' : 'runs'}. The arrow keys read the values at a step; they stand in the list below.`);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    read((event.clientX - box.left - LEFT) / (right - LEFT) * furthest);
  });
  svg.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') read(null); });
  svg.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (event.key === 'Escape') { read(null); return; }
    if (!steps) return;
    event.preventDefault();
    read((pointed ?? (steps > 0 ? 0 : furthest)) + steps * Math.max(1, furthest / 50));
    spoken([find('.reading').textContent, ...[...find('.legend').children].map((one) => one.textContent)].join(', '));
  });
  view.replaceChildren(svg);
  if (focused) svg.focus({ preventScroll: true });
  read(pointed);
}

function read(step) {  // null: the last value of each
  pointed = step === null ? null : Math.min(frame.furthest, Math.max(0, step));
  const { x, lines } = frame;
  const height = find('.plot svg').clientHeight;
  find('.plot .cursor').setAttribute('d', pointed === null ? '' : `M${x(pointed).toFixed(1)} ${TOP}V${height - BOTTOM}`);
  const group = metric === 'loss' ? Math.max(...lines.map((line) => line.curve.mean_of)) : 1;
  find('.reading').textContent = (pointed === null ? 'Last values' : `Near step ${many(Math.round(pointed))}`) +
    (group > 1 ? `. Each point is the mean of up to ${group} values, the step is the last of them.` : '.') +
    (frame.power ? ' The axis is logarithmic.' : '') + (pointed === null ? ' Point at the chart, or use the arrow keys on it, to read others.' : '');
  find('.legend').replaceChildren(...lines.map(({ run, points }) => {
    const there = points.filter(([, value]) => value !== null && Number.isFinite(value));
    const item = make('li');
    let found = there.at(-1);
    if (pointed !== null) found = there.reduce((best, one) => (!best || Math.abs(one[0] - pointed) < Math.abs(best[0] - pointed) ? one : best), null);
    item.append(swatch(run.id), make('span', `${styleOf(run.id).number}. ${run.name}`, 'who'), make('b', found ? written(found[1]) : '–'),
      make('small', found ? `step ${many(found[0])}` : ''));
    return item;
  }));
}

// --- listening ----------------------------------------------------------------------------------------------------

element.querySelectorAll('[data-show]').forEach((one) => one.addEventListener('click', () => { metric = one.dataset.show; drawCurves(); }));
new ResizeObserver(() => { if (curves.length && element.offsetParent !== null) drawCurves(); }).observe(find('.plot'));
document.addEventListener('tp-run', () => { if (element.isConnected) soon(); });
document.addEventListener('tp-runs', () => { if (element.isConnected) soon(); });
refresh();
