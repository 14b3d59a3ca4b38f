// The race of DataLoaders: for each number of workers a time line with a lane for each worker and for the loop, all
// on one time axis, and a table of the sums.
//
// Value: null, or {axis, tick, races: [{title, note, goal, lanes: [{name, bars: [[kind, from, to, batch, received]]}]}],
//   verdict, columns, rows: [[{text, small, best}]], notes}
//   axis (its end), tick, goal, from, to, received: seconds; goal: where the arithmetic expects the end; kind: start, fetch, wait, step, end.

const HINT = 'Point at a bar to read its times, or press Tab to come to a time line and move along it with the arrow keys.';

function part(tag, className, words) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words || '';
  return made;
}

function time(seconds) {
  return seconds < 1 ? `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
}

function told(name, [kind, from, to, batch, received]) {
  const span = `from ${time(from)} to ${time(to)}, that is ${time(to - from)}`;
  if (kind === 'start') return name === 'Loop' ? `iter(loader) started the processes ${span}.` : `${name} started ${span}.`;
  if (kind === 'end') return `The loop sent the workers home ${span}.`;
  if (kind === 'step') return `The loop trained on batch ${batch} ${span}.`;
  if (kind === 'wait') return `The loop waited for batch ${batch} ${span}.`;
  return `${name} fetched batch ${batch} ${span}. The loop received it at ${time(received)}.`;
}

function read(race, index) {
  element.querySelectorAll('.on, .mate').forEach((bar) => bar.classList.remove('on', 'mate'));
  const chosen = race && race.bars[index];
  find('.reading').classList.toggle('idle', !chosen);
  find('.reading').textContent = chosen ? `${race.title}. ${told(chosen.name, chosen.bar)}` : HINT;
  if (!chosen) return;
  chosen.node.classList.add('on');
  // the same batch elsewhere: fetched by a worker, trained on by the loop
  race.bars.forEach(({ bar, node }) => {
    if (bar[3] !== null && bar[3] === chosen.bar[3] && node !== chosen.node) node.classList.add('mate');
  });
}

function drawRace(view, race, axis, tick) {
  view.textContent = '';
  view.setAttribute('aria-label', `Time line, ${race.title}: ${race.note}`);
  const title = part('div', 'title');
  title.append(part('strong', '', race.title), part('span', '', race.note));
  view.append(title);
  const bars = [];
  race.lanes.forEach((lane) => {
    const row = part('div', 'lane');
    const track = part('div', 'track');
    track.style.setProperty('--tick', `${(100 * tick) / axis}%`);
    lane.bars.forEach((bar) => {
      const [kind, from, to, batch] = bar;
      const node = part('div', `bar ${kind}`);
      node.style.left = `${(100 * from) / axis}%`;
      node.style.width = `${(100 * (to - from)) / axis}%`;
      if (kind === 'start' || kind === 'end') node.append(part('span', 'word', kind));
      else if (kind !== 'wait') node.append(part('span', '', `${batch}`));
      node.dataset.index = bars.length;
      bars.push({ bar, node, name: lane.name });
      track.append(node);
    });
    const goal = part('i', 'goal');
    goal.style.left = `${(100 * race.goal) / axis}%`;
    track.append(goal);
    row.append(part('span', '', lane.name), track);
    view.append(row);
  });
  const scale = part('div', 'axis');
  for (let i = 0; i * tick <= axis; i += 1) {
    const at = (100 * i * tick) / axis;
    const mark = part('span', i === 0 ? 'first' : at > 94 ? 'last' : '', i === 0 ? '0' : tick < 0.1 ? `${Math.round(1000 * i * tick)} ms` : `${(i * tick).toFixed(tick < 1 ? 1 : 0)} s`);
    mark.style.left = `${at}%`;
    scale.append(mark);
  }
  view.append(scale);
  race.bars = bars;
}

// each view remembers what it shows: while one race runs, the others stay as they are
const views = new Map();
let at = null;

function newView() {
  const view = part('div', 'race');
  view.tabIndex = 0;
  view.setAttribute('role', 'group');
  const shown = () => views.get(view).race;
  const point = (event) => {
    const bar = event.target.closest('.bar');
    if (bar) read(shown(), Number(bar.dataset.index));
  };
  view.addEventListener('pointerover', point);
  view.addEventListener('pointerdown', point);
  view.addEventListener('pointerleave', () => read(null));
  view.addEventListener('blur', () => { at = null; read(null); });
  view.addEventListener('keydown', (event) => {
    const last = shown().bars.length - 1;
    const next = { ArrowRight: (at ?? -1) + 1, ArrowLeft: (at ?? last + 1) - 1, Home: 0, End: last }[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    at = Math.min(last, Math.max(0, next));
    read(shown(), at);
  });
  find('.races').append(view);
  views.set(view, {});
  return view;
}

function drawTable(value) {
  const box = find('.sums');
  box.textContent = '';
  if (!value.rows.length) return;
  const table = document.createElement('table');
  table.append(part('caption', '', 'Expected and measured'));
  const head = table.createTHead().insertRow();
  value.columns.forEach((name) => {
    const cell = part('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  });
  const body = table.createTBody();
  value.rows.forEach((cells) => {
    const row = body.insertRow();
    cells.forEach(({ text, small, best }, i) => {
      const cell = part(i ? 'td' : 'th', best ? 'best' : '', text);
      if (i) cell.dataset.label = value.columns[i];
      else cell.scope = 'row';
      if (small) cell.append(part('small', '', small));
      row.append(cell);
    });
  });
  box.append(table);
}

function render() {
  const value = props.value;
  element.style.display = value ? '' : 'none';
  if (!value) return;
  const races = value.races;
  while (find('.races').children.length < races.length) newView();
  while (find('.races').children.length > races.length) {
    const old = find('.races').lastChild;
    views.delete(old);
    old.remove();
  }
  races.forEach((race, i) => {
    const view = find('.races').children[i];
    const key = JSON.stringify([race, value.axis]);
    if (views.get(view).key === key) return;
    const copy = { ...race };
    drawRace(view, copy, value.axis, value.tick);
    views.set(view, { key, race: copy });
  });
  if (find('.verdict').textContent !== value.verdict) find('.verdict').textContent = value.verdict;
  drawTable(value);
  find('.notes').textContent = '';
  value.notes.forEach((note) => find('.notes').append(part('li', '', note)));
  read(null);
}

watch('value', render);
render();
