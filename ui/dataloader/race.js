// The race of DataLoaders: for each number of workers a time line with a lane for each worker and the loop, all on one
// time axis, and a table of the sums.
//
// Value: null, or {axis, tick, races: [{title, note, goal, lanes: [{name, loop, bars: [[kind, from, to, batch, received]]}]}],
//   verdict, columns, rows: [[{text, small, best}]], notes}
//   axis (its end), tick, goal, from, to, received: seconds; goal: the end that the arithmetic expects; kind: start, fetch, wait, step, end.

import { closest, findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { shortDuration, timeLabel } from '../kit/numbers.js';

const HINT = t('Point at a bar to read its times, or press Tab to reach a time line and move along it with the arrow keys.');
const NEAR_END = 94;   // percent of the axis from which the text of a mark ends at the mark

/** @typedef {[kind: string, from: number, to: number, batch: number | null, received: number | null]} Bar */
/** @typedef {{ bar: Bar, node: HTMLElement, name: string, loop: boolean }} DrawnBar name: of its lane; loop: whether it is that of the loop */

/** What happened in a bar. @param {DrawnBar} bar */
function sentence({ name, loop, bar: [kind, from, to, batch, received] }) {
  const values = { name, batch, from: shortDuration(from), to: shortDuration(to), time: shortDuration(to - from) };
  if (kind === 'start' && loop) return t('iter(loader) started the processes from {from} to {to}, that is {time}.', values);
  if (kind === 'start') return t('{name} started from {from} to {to}, that is {time}.', values);
  if (kind === 'end') return t('The loop stopped the workers from {from} to {to}, that is {time}.', values);
  if (kind === 'step') return t('The loop trained on batch {batch} from {from} to {to}, that is {time}.', values);
  if (kind === 'wait') return t('The loop waited for batch {batch} from {from} to {to}, that is {time}.', values);
  const times = { ...values, received: shortDuration(received) };
  if (loop) return t('The loop fetched batch {batch} itself from {from} to {to}, that is {time}. It received it at {received}.', times);
  return t('{name} fetched batch {batch} from {from} to {to}, that is {time}. The loop received it at {received}.', times);
}

/** The lanes and the axis of a race, and its bars. @returns {{ parts: HTMLElement[], bars: DrawnBar[] }} */
function drawRace(race, axis, tick) {
  const share = (seconds) => `${(100 * seconds) / axis}%`;
  /** @type {DrawnBar[]} */
  const bars = [];
  const title = make('div', null, 'title');
  title.append(make('strong', race.title), make('span', race.note));
  const lanes = race.lanes.map(({ name, loop, bars: ofLane }) => {
    const row = make('div', null, 'lane');
    const track = make('div', null, 'track');
    track.style.setProperty('--tick', share(tick));
    track.append(...ofLane.map((bar) => {
      const [kind, from, to, batch] = bar;
      const node = make('div', null, `bar ${kind}`);
      Object.assign(node.style, { left: share(from), width: share(to - from) });
      if (kind === 'start' || kind === 'end') node.append(make('span', kind === 'start' ? t('start') : t('end'), 'word'));
      else if (kind !== 'wait') node.append(make('span', String(batch)));
      node.dataset.index = String(bars.length);
      bars.push({ bar, node, name, loop });
      return node;
    }));
    const goal = make('i', null, 'goal');
    goal.style.left = share(race.goal);
    track.append(goal);
    row.append(make('span', name), track);
    return row;
  });
  const scale = make('div', null, 'axis');
  for (let i = 0; i * tick <= axis; i += 1) {
    const isLast = (100 * i * tick) / axis > NEAR_END;
    const mark = make('span', timeLabel(i * tick, tick), i === 0 ? 'first' : isLast ? 'last' : '');
    mark.style.left = share(i * tick);
    scale.append(mark);
  }
  return { parts: [title, ...lanes, scale], bars };
}

function sumsTable({ columns, rows }) {
  const table = make('table');
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  table.prepend(make('caption', t('Expected and measured')));
  head.append(...columns.map((name) => Object.assign(make('th', name), { scope: 'col' })));
  rows.forEach((cells) => {
    body.insertRow().append(...cells.map(({ text, small, best }, i) => {
      const cell = make(i ? 'td' : 'th', text, best ? 'best' : '');
      if (i) cell.dataset.label = columns[i];
      else Object.assign(cell, { scope: 'row' });
      if (small) cell.append(make('small', small));
      return cell;
    }));
  });
  return table;
}

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch }) {
  const find = finder(element);
  /** @type {Map<HTMLElement, { key: string, title: string, bars: DrawnBar[] }>} while a race runs, the views of the others stay */
  const contents = new Map();
  /** @type {number | null} the bar that the arrow keys reached */
  let place = null;

  /** @param {HTMLElement | null} view @param {number} [index] */
  function read(view, index) {
    findAll(element, '.on, .mate').forEach((bar) => bar.classList.remove('on', 'mate'));
    const race = contents.get(view);
    const entry = race?.bars[index];
    find('.reading').classList.toggle('idle', !entry);
    find('.reading').textContent = entry ? `${race.title}. ${sentence(entry)}` : HINT;
    if (!entry) return;
    entry.node.classList.add('on');
    // the same batch elsewhere: fetched by a worker, trained on by the loop
    const batch = entry.bar[3];
    race.bars.forEach(({ bar, node }) => { if (batch !== null && bar[3] === batch && node !== entry.node) node.classList.add('mate'); });
  }

  function addView() {
    const view = make('div', null, 'race');
    view.tabIndex = 0;
    view.setAttribute('role', 'group');
    const point = (event) => {
      const bar = closest(event, '.bar');
      if (bar) read(view, Number(bar.dataset.index));
    };
    view.addEventListener('pointerover', point);
    view.addEventListener('pointerdown', point);
    view.addEventListener('pointerleave', () => read(null));
    view.addEventListener('blur', () => { place = null; read(null); });
    view.addEventListener('keydown', (event) => {
      const last = contents.get(view).bars.length - 1;
      const next = { ArrowRight: (place ?? -1) + 1, ArrowLeft: (place ?? last + 1) - 1, Home: 0, End: last }[event.key];
      if (next === undefined || last < 0) return;
      event.preventDefault();
      place = Math.min(last, Math.max(0, next));
      read(view, place);
    });
    find('.races').append(view);
  }

  function render() {
    const { value } = props;
    element.style.display = value ? '' : 'none';
    if (!value) return;
    const views = find('.races');
    while (views.children.length < value.races.length) addView();
    while (views.children.length > value.races.length) {
      contents.delete(views.lastChild);
      views.lastChild.remove();
    }
    value.races.forEach((race, i) => {
      const view = views.children[i];
      const key = JSON.stringify([race, value.axis]);
      if (contents.get(view)?.key === key) return;
      const { parts, bars } = drawRace(race, value.axis, value.tick);
      view.replaceChildren(...parts);
      view.setAttribute('aria-label', t('Time line, {title}: {note}', race));
      contents.set(view, { key, title: race.title, bars });
    });
    if (find('.verdict').textContent !== value.verdict) find('.verdict').textContent = value.verdict;
    find('.sums').replaceChildren(...(value.rows.length ? [sumsTable(value)] : []));
    find('.notes').replaceChildren(...value.notes.map((note) => make('li', note)));
    read(null);
  }

  watch('value', render);
  render();
}
