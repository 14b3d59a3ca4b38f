// The sweep: two hyperparameters with up to three values each, and a grid that fills while the runs go on.

const axisOf = Object.fromEntries(props.axes.map((axis) => [axis.key, axis]));
const SIDES = ['rows', 'columns'];
const wish = { rows: 'lr', columns: 'batch_size' };
const touched = { rows: false, columns: false };   // whether the visitor wrote values: else they follow the choices
let grid = null;       // the record SweepStart
let cells = [];        // [{start, points: [[step, loss]], end}]
let best = null;
let last = null;       // the record SweepEnd
let picked = null;     // the cell that was chosen
let asking = false;
let stale = false;

// --- the form -----------------------------------------------------------------------------------------------------

const applies = (axis) => Object.entries(axis.only_for).every(([key, list]) => list.includes(chosen[key]));
const label = (key) => axisOf[key]?.label || key;
const unique = (list) => [...new Set(list)];

function valueText(key, value) {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  const named = axisOf[key]?.options.find(([one]) => one === value);
  if (named) return named[1];
  return typeof value === 'number' ? brief(value, 6) : String(value);
}

function around(list, now) {   // what is chosen and its two neighbours
  const place = Math.min(Math.max(1, list.indexOf(now)), Math.max(1, list.length - 2));
  return list.slice(place - 1, place - 1 + props.most);
}

function suggested(key) {   // values to begin with: usual ones, or what is chosen with its neighbours
  const axis = axisOf[key];
  const now = chosen[key];
  if (axis.good.length) return axis.good;
  if (axis.kind === 'switch') return [true, false];
  if (axis.kind === 'choice') return around(axis.options.map(([value]) => value), now);
  if (key === 'width') {
    const [own, low, high] = props.widths[chosen.network] || [16, 1, 64];
    const width = now || own;
    return unique([Math.max(low, Math.round(width / 2)), width, Math.min(high, width * 2)]);
  }
  if (key === 'lr') {
    const rate = now > 0 ? now : 0.05;   // nothing sensible may be written there at the moment
    return unique([rate / 3, rate, Math.min(10, rate * 3)].map((one) => Number(one.toPrecision(2))));
  }
  return around(unique([...axis.ladder, now ?? axis.ladder[0]]).sort((a, b) => a - b), now);
}

function fillValues(side, values) {
  const axis = axisOf[wish[side]];
  const controls = Array.from({ length: axis.kind === 'switch' ? 2 : props.most }, (_, i) => {
    const value = values[i];
    let control;
    if (axis.kind === 'number') {
      control = make('input');
      Object.assign(control, { type: 'text', inputMode: 'decimal', value: value === undefined ? '' : String(value) });
    } else {
      const options = axis.kind === 'switch' ? [['true', 'on'], ['false', 'off']] : axis.options;
      control = make('select');
      control.append(new Option('–', ''), ...options.map(([one, words]) => new Option(words, one)));
      control.value = value === undefined ? '' : String(value);
    }
    control.setAttribute('aria-label', `${axis.label}, value ${i + 1} of the ${side}; empty leaves it out`);
    control.addEventListener('input', () => { touched[side] = true; plan(); });
    return control;
  });
  find(`.${side} .values`).replaceChildren(...controls);
}

function valuesOf(side) {
  const { kind } = axisOf[wish[side]];
  return [...find(`.${side} .values`).children].map(({ value }) => value.trim()).filter((text) => text !== '').map((text) => {
    if (kind === 'switch') return text === 'true';
    if (kind !== 'number') return text;
    const number = Number(text.replace(/[\s_]/g, ''));
    return Number.isFinite(number) ? number : text;   // the server says what is wrong with it
  });
}

function spec() {
  const [rows, columns] = SIDES.map((side) => ({ field: wish[side], values: valuesOf(side) }));
  return { rows, columns, epochs: Number(find('.epochs').value), seconds: Number(find('.seconds').value) };
}

function showForm() {
  SIDES.forEach((side) => {
    const select = find(`.${side} .which`);
    const other = wish[side === 'rows' ? 'columns' : 'rows'];
    [...select.options].forEach((option) => { option.disabled = option.value !== wish[side] && (option.value === other || !applies(axisOf[option.value])); });
    select.value = wish[side];
    if (!touched[side]) fillValues(side, suggested(wish[side]));
  });
}

function set(side, key, values) {
  wish[side] = key;
  touched[side] = Boolean(values);
  if (values) fillValues(side, values);
}

async function plan() {   // what these values will do; of several changes only the last one counts
  stale = true;
  if (asking) return;
  asking = true;
  while (stale) {
    stale = false;
    const answer = await ask('plan', { recipe: chosen, token: window.tpToken, spec: spec() });
    if (stale) continue;
    find('.plan').textContent = answer.said || '';
    if (!going) problem(answer.problem);
  }
  asking = false;
}

SIDES.forEach((side) => {
  const select = find(`.${side} .which`);
  select.append(...props.axes.map(({ key, label: words }) => new Option(words, key)));
  select.addEventListener('change', () => {
    set(side, select.value);
    showForm();
    plan();
  });
});
find('.epochs').append(...props.epochs.map((count) => new Option(String(count), count)));
find('.seconds').append(...props.seconds.map((count) => new Option(count < 120 ? `${count} s` : `${count / 60} min`, count)));
find('.epochs').value = 2;
find('.seconds').value = 60;
for (const name of ['.epochs', '.seconds']) find(name).addEventListener('change', plan);
find('.setup').addEventListener('submit', (event) => event.preventDefault());

// --- the grid -----------------------------------------------------------------------------------------------------

const wide = () => grid.column_values.length;
const pairOf = (i) => [grid.row_values[Math.floor(i / wide())], grid.column_values[i % wide()]];
const nameOf = (i) => {
  const [row, column] = pairOf(i);
  return `${label(grid.rows)} ${valueText(grid.rows, row)}, ${label(grid.columns).toLowerCase()} ${valueText(grid.columns, column)}`;
};
const epochsText = (end) => (Math.abs(end.epochs - grid.epochs) < 1e-9 ? `${grid.epochs} epoch${grid.epochs === 1 ? '' : 's'}` : `${brief(end.epochs)} of ${grid.epochs} epochs`);

function layGrid() {
  find('.result').hidden = !grid;
  if (!grid) return;
  cells = Array.from({ length: grid.row_values.length * wide() }, () => ({ start: null, points: [], end: null }));
  find('.grid caption').textContent = `Down: ${label(grid.rows).toLowerCase()}. Across: ${label(grid.columns).toLowerCase()}.`;
  const head = make('tr');
  head.append(make('td'), ...grid.column_values.map((value) => {
    const cell = make('th', valueText(grid.columns, value));
    cell.scope = 'col';
    return cell;
  }));
  find('.grid thead').replaceChildren(head);
  find('.grid tbody').replaceChildren(...grid.row_values.map((value, row) => {
    const line = make('tr');
    const name = make('th', valueText(grid.rows, value));
    name.scope = 'row';
    line.append(name, ...grid.column_values.map((_, column) => {
      const cell = make('td');
      const button = make('button', undefined, 'cell');
      button.type = 'button';
      const curve = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      curve.setAttribute('viewBox', '0 0 100 26');
      curve.setAttribute('preserveAspectRatio', 'none');
      curve.setAttribute('aria-hidden', 'true');
      curve.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
      button.append(make('b'), curve, make('small'));
      button.addEventListener('click', () => pick(row * wide() + column));
      cell.append(button);
      return cell;
    }));
    return line;
  }));
}

function showCell(i, low, high, top) {
  const { start, points, end } = cells[i];
  const button = element.querySelectorAll('.cell')[i];
  const [number, curve, note] = button.children;
  const lost = end && end.accuracy === null;
  const running = going && start && !end;
  number.textContent = !end ? (running ? '…' : '') : lost ? (end.state === 'diverged' ? 'diverged' : 'not possible') : percent(end.accuracy);
  note.textContent = running ? `step ${points.length ? points[points.length - 1][0] : 0} of ${start.steps}`
    : !end ? (going ? 'waiting' : 'not run') : end.state === 'diverged' ? `after ${many(end.steps)} steps` : lost ? '' : `${i === best ? '★ best · ' : ''}${epochsText(end)}`;
  button.className = `cell${lost ? ' lost' : ''}${running ? ' now' : ''}${!start && !end ? ' waiting' : ''}${i === best ? ' best' : ''}`;
  const share = end && !lost && high > low ? (45 * (end.accuracy - low)) / (high - low) : 0;
  button.style.setProperty('--share', `${share.toFixed(1)}%`);
  button.setAttribute('aria-pressed', String(i === picked));
  const said = running ? 'runs now' : !end ? note.textContent : lost ? `${number.textContent}. ${end.reason}` : `validation accuracy ${number.textContent}, ${note.textContent}`;
  button.setAttribute('aria-label', `${nameOf(i)}: ${said}`);
  button.title = lost ? end.reason : '';
  curve.style.display = points.length > 1 ? '' : 'none';
  if (points.length > 1) {
    const path = points.map(([step, loss]) => `${((100 * step) / start.steps).toFixed(1)} ${(25 - 24 * Math.min(1, loss / top)).toFixed(1)}`);
    curve.firstChild.setAttribute('d', `M${path.join('L')}`);
  }
}

function show() {
  if (!grid) return;
  const reached = cells.map(({ end }) => end?.accuracy).filter((value) => value !== null && value !== undefined);
  const [low, high] = [Math.min(...reached), Math.max(...reached)];
  best = reached.length ? cells.findIndex(({ end }) => end && end.accuracy === high) : null;
  // one scale for all curves: a run that is lost must not flatten the others
  const first = cells.filter(({ points }) => points.length).map(({ points }) => points[0][1]);
  const top = 1.15 * Math.max(1e-9, Math.min(...first));
  cells.forEach((_, i) => showCell(i, low, high, top));
  find('.legend').hidden = reached.length < 2 || high === low;
  find('.low').textContent = `lowest ${percent(low)}`;
  find('.high').textContent = `highest ${percent(high)}`;
  find('.summary').textContent = summary();
  showTable();
}

function summary() {
  if (!last) return '';
  if (last.best === null) return 'No run reached an accuracy: see the reasons in the cells.';
  const ends = cells.map(({ end }) => end);
  const short = ends.filter((end) => end.state === 'time').length;
  const lines = [`Best: ${nameOf(last.best).replace(/^./, (letter) => letter.toLowerCase())}, ${percent(ends[last.best].accuracy)}.`];
  lines.push(`With ${many(last.validated)} validation pictures an accuracy is sure to about ±${(100 * last.margin).toFixed(1)} points: a smaller difference may be chance. Sweep the seed to see how much.`);
  if (short) lines.push(`${short} run${short === 1 ? '' : 's'} used up the time, ${brief(grid.seconds, 3)} s each, before epoch ${grid.epochs} was over: that is no fair comparison. Give more time or fewer epochs.`);
  else lines.push(`${ends.every((end) => end.state === 'done') ? 'All runs' : 'All other runs'} had ${grid.epochs} epoch${grid.epochs === 1 ? '' : 's'}.`);
  return lines.join('\n');
}

const STATES = { done: 'went through', time: 'time used up', diverged: 'diverged', impossible: 'not possible' };
function showTable() {
  if (!find('.numbers').open) return;
  const words = [label(grid.rows), label(grid.columns), 'Accuracy', 'Loss', 'Epochs', 'Training', 'How it ended'];
  const head = make('tr');
  head.append(...words.map((word) => {
    const cell = make('th', word);
    cell.scope = 'col';
    return cell;
  }));
  find('.numbers thead').replaceChildren(head);
  find('.numbers tbody').replaceChildren(...cells.map(({ start, end }, i) => {
    const [row, column] = pairOf(i);
    const line = make('tr');
    const rest = end ? [percent(end.accuracy), brief(end.loss, 4), brief(end.epochs), `${end.seconds.toFixed(1)} s`, end.reason || STATES[end.state]] : ['–', '–', '–', '–', start && going ? 'runs now' : going ? 'waits' : 'not run'];
    line.append(...[valueText(grid.rows, row), valueText(grid.columns, column), ...rest].map((text) => make('td', text)));
    return line;
  }));
}
find('.numbers').addEventListener('toggle', () => { if (grid) showTable(); });

function showPicked() {
  const view = find('.one');
  const cell = picked === null ? null : cells[picked];
  view.hidden = !cell || (!cell.start && !cell.end);
  if (view.hidden) return;
  view.querySelector('h3').textContent = nameOf(picked);
  const possible = cell.end?.state !== 'impossible';
  const reason = cell.end?.reason ? `${cell.end.reason} ` : '';
  view.querySelector('.what').textContent = possible ? `${reason}Both values are in Train now. This command makes the run of this cell alone:` : reason;
  view.querySelector('.code').hidden = !possible;
  view.querySelector('pre').textContent = cell.start?.command || '';
}

function pick(i) {
  const { start, end } = cells[i];
  if (!start && !end) return;   // nothing is known of it yet
  picked = i;
  const [row, column] = pairOf(i);
  if (end?.state !== 'impossible') choose({ [grid.rows]: row, [grid.columns]: column });
  show();
  showPicked();
}

// --- the run ------------------------------------------------------------------------------------------------------

const told = {
  begin() {
    grid = last = best = picked = null;
    cells = [];
    layGrid();
    showPicked();
    find('.state').textContent = 'Starting';
  },
  record(one) {
    if (one.record === 'SweepStart') { grid = one; layGrid(); }
    else if (one.record === 'CellStart') cells[one.cell].start = one;
    else if (one.record === 'CellPoint') cells[one.cell].points.push([one.step, one.loss]);
    else if (one.record === 'CellEnd') cells[one.cell].end = one;
    else if (one.record === 'SweepEnd') last = one;
  },
  draw(answer) {
    const over = cells.filter(({ end }) => end).length;
    if (going) find('.state').textContent = stateText(answer, grid ? `Run ${Math.min(over + 1, cells.length)} of ${cells.length}` : 'Starting');
    else if (answer.state === 'failed') { find('.state').textContent = ''; problem(answer.said); }
    else if (last) find('.state').textContent = `${cells.length} cells, ${last.seconds.toFixed(1)} s of training.`;
    else find('.state').textContent = answer.said || (grid ? `Stopped after ${over} of ${cells.length} runs.` : 'Stopped before its first run.');
    show();
    showOutdated();
    if (picked !== null) showPicked();
  },
};

find('.go').addEventListener('click', () => {
  Object.assign(touched, { rows: true, columns: true });   // a cell that is chosen must not change the axes
  begin('sweep', spec(), told);
});

function showOutdated() {
  const others = last ? changedSince([grid.rows, grid.columns, 'epochs']) : '';
  find('.outdated').hidden = !others;
  find('.outdated').textContent = others ? `Since this sweep you have changed: ${others}.` : '';
}

document.addEventListener('tp-recipe', ({ detail }) => {
  if (!detail || !element.isConnected) return;
  chosen = detail;
  showForm();
  showOutdated();
  plan();
});

document.addEventListener('tp-sweep', ({ detail }) => {   // the range test asks for its suggestions to be compared
  if (!detail || !element.isConnected || going) return;
  SIDES.forEach((side) => set(side, ...detail[side]));
  showForm();
  plan();
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  find('.setup').scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'center' });
  find('.go').focus({ preventScroll: true });
});

showForm();
plan();
recover('sweep', told);
