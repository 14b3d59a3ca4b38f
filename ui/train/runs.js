// The runs of this visit: a table of what differs, and what can be done with each. The curves are in curves.js.
//
// Everything is asked from the server with the visitor's secret. The value goes one way only: {use, visitor} when a run is
// to be used in Classify, told by `submit`. Names are a visitor's text: they are written with textContent alone.

const WORDS = { queued: 'waiting', starting: 'starting', running: 'running', paused: 'paused', stopping: 'stopping',
  done: 'done', stopped: 'stopped', diverged: 'diverged', failed: 'failed' };
const percent = (share) => (share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`);
const clock = (seconds) => (seconds < 99.5 ? `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s` : `${Math.floor(Math.round(seconds) / 60)} min ${Math.round(seconds) % 60} s`);
const NO_RUNS = find('.empty').textContent;
const DASHES = ['', '9 4', '2 4', '12 4 2 4', '5 3', '1 6'];
const COLOURS = ['accent', 'focus', 'naive', 'ink'];

let list = [];              // what `runs` gave
let columns = [];
let hidden = new Set();     // runs that the visitor has taken out of the chart
let styles = new Map();     // run -> number of its line, the same as long as the page is open
let more = null;            // the run whose other buttons are in sight
let sure = null;            // the run whose removal waits for a second press
let busy = false;
let again = false;
let timer = null;

function say(problem) {
  find('.problem').hidden = !problem;
  find('.problem').textContent = problem || '';
}

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const spoken = (words) => { find('.live').textContent = words; };

function styleOf(run) {
  if (!styles.has(run)) {
    const taken = new Set(styles.values());
    let free = 0;
    while (taken.has(free)) free += 1;
    styles.set(run, free);
  }
  const number = styles.get(run);
  return { dash: DASHES[number % DASHES.length], colour: `var(--tp-${COLOURS[number % COLOURS.length]})`, number: number + 1 };
}

function swatch(run) {  // a piece of the run's line
  const box = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const { dash, colour } = styleOf(run);
  box.setAttribute('viewBox', '0 0 40 10');
  box.setAttribute('class', 'swatch');
  box.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', 'M1 5H39');
  line.setAttribute('stroke-dasharray', dash);
  line.style.stroke = colour;
  box.append(line);
  return box;
}

// --- asking -------------------------------------------------------------------------------------------------------

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  do {
    again = false;
    const found = await ask('runs', {});
    if (found.problem) { say(found.problem); break; }
    list = found.runs;
    columns = found.columns;
    tell('tp-run-list', list);
    const there = new Set(list.map((run) => run.id));
    styles = new Map([...styles].filter(([run]) => there.has(run)));
    hidden = new Set([...hidden].filter((run) => there.has(run)));
    if (!list.length) await lostByRestart();
    render();
    await bringCurves();
  } while (again);
  busy = false;
}

function soon() {  // many events, one question
  clearTimeout(timer);
  timer = setTimeout(refresh, 150);
}

// --- table --------------------------------------------------------------------------------------------------------

function render() {
  find('.all').hidden = !list.length;
  find('.empty').hidden = list.length > 0;
  find('.empty').textContent = recall(VISIT).restarted ? RESTARTED : NO_RUNS;
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const place = held && held.closest('[data-run]') ? [held.closest('[data-run]').dataset.run, held.dataset.do] : null;
  const typing = held && held.matches('.new-name') ? held.value : null;
  const heads = ['Curve', 'Run', ...columns, 'Validation', 'Test', 'Time', 'Parameters', 'Do'];
  const head = make('tr');
  head.append(...heads.map((name) => { const one = make('th', name); one.scope = 'col'; return one; }));
  find('.runs thead').replaceChildren(head);
  find('.runs tbody').replaceChildren(...list.flatMap((run) => (more === run.id ? [row(run, heads), tools(run, heads.length)] : [row(run, heads)])));
  if (place && place[1]) {
    const back = [...element.querySelectorAll(`[data-do="${place[1]}"]`)].find((one) => one.closest('[data-run]')?.dataset.run === place[0]);
    if (back && typing !== null) back.value = typing;
    back?.focus();
  }
}

function button(words, name, act, label) {
  const made = make('button', words, 'button small');
  made.type = 'button';
  made.dataset.do = name;
  if (label) made.setAttribute('aria-label', label);
  made.addEventListener('click', act);
  return made;
}

function row(run, heads) {
  const line = make('tr');
  line.dataset.run = run.id;
  const cells = [];
  const cell = (content, kind = 'td') => {
    const box = make(kind);
    box.dataset.label = heads[cells.length];
    box.append(...[].concat(content));
    box.classList.toggle('nothing', content === '–');
    box.classList.toggle('short', typeof content === 'string' && content.length < 10);
    cells.push(box);
    return box;
  };
  const tick = make('label', undefined, 'tick');
  const input = make('input');
  input.type = 'checkbox';
  input.checked = !hidden.has(run.id);
  input.dataset.do = 'curve';
  input.setAttribute('aria-label', `Show the curve of ${run.name}`);
  input.addEventListener('change', () => {
    if (input.checked) hidden.delete(run.id); else hidden.add(run.id);
    bringCurves();
  });
  tick.append(input, swatch(run.id), make('span', String(styleOf(run.id).number)));
  cell(run.uploaded ? '' : tick);
  const name = cell([make('b', run.name), make('span', run.uploaded ? 'uploaded' : WORDS[run.state] || run.state, `state ${run.state}`)], 'th');
  name.scope = 'row';
  if (run.changed) name.append(make('small', 'changed while it ran'));
  run.cells.forEach((text) => cell(text));
  cell(percent(run.validation)).classList.add('number');
  const test = cell(percent(run.test));
  test.classList.add('number');
  const best = Math.max(...list.map((one) => one.test ?? -1));
  if (list.length > 1 && run.test !== null && run.test === best) test.classList.add('best');
  cell(run.uploaded ? '–' : clock(run.seconds)).classList.add('number');
  cell(many(run.parameters)).classList.add('number');
  const use = button('Use in Classify', 'use', () => {
    props.value = { use: run.id, visitor };
    trigger('submit');
    window.scrollTo(0, 0);   // the other tab begins at its top
  }, `Use in Classify: ${run.name}`);
  use.disabled = !run.usable;
  const open = button(more === run.id ? 'Less' : 'More', 'more', () => {
    more = more === run.id ? null : run.id;
    sure = null;
    render();
  }, `${more === run.id ? 'Less' : 'More'}: name, files and end of ${run.name}`);
  open.setAttribute('aria-expanded', String(more === run.id));
  const acts = make('div', undefined, 'acts');
  const show = button('Show', 'show', () => tell('tp-show', { run: run.id, scroll: true }), `Show the results of ${run.name}`);
  show.disabled = run.uploaded;
  acts.append(show, use, open);
  cell(acts);
  line.append(...cells);
  return line;
}

function tools(run, width) {  // what is not needed every day
  const line = make('tr', undefined, 'tools');
  line.dataset.run = run.id;
  const box = make('td');
  box.colSpan = width;
  const form = make('form', undefined, 'acts');
  const label = make('label', 'Name ', 'rename');
  const input = make('input', undefined, 'new-name');
  Object.assign(input, { type: 'text', maxLength: props.most_name, value: run.name, autocomplete: 'off' });
  input.dataset.do = 'name';
  label.append(input);
  const save = button('Rename', 'rename', () => {});
  save.type = 'submit';
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const found = await ask('rename', { run: run.id, name: input.value });
    say(found.problem);
    if (found.problem) return;
    spoken(`Renamed to ${found.name}.`);
    input.value = found.name;
    more = null;
    await refresh();
    element.querySelectorAll('[data-do=more]').forEach((one) => { if (one.closest('[data-run]').dataset.run === run.id) one.focus(); });
    tell('tp-runs', { renamed: run.id });
  });
  form.append(label, save);
  const files = make('div', undefined, 'acts');
  [['safetensors', 'Download .safetensors'], ['pt', 'Download .pt and card']].forEach(([kind, words]) => {
    const load = button(words, kind, () => download(run, kind));
    load.disabled = !run.usable;
    files.append(load);
  });
  const remove = button(sure === run.id ? 'Remove for good?' : 'Remove', 'remove', () => removed(run));
  remove.classList.toggle('danger', sure === run.id);
  files.append(remove);
  box.append(form, files);
  line.append(box);
  return line;
}

async function removed(run) {
  if (sure !== run.id) { sure = run.id; render(); return; }
  sure = null;
  const found = await ask('remove', { run: run.id });
  say(found.problem);
  if (found.problem) { render(); return; }
  more = null;
  spoken(`${run.name} is removed.`);
  await refresh();
  find(list.length ? '.runs [data-do=more]' : '.upload').focus();
  tell('tp-runs', { removed: run.id });
}

// --- files --------------------------------------------------------------------------------------------------------

async function download(run, kind) {
  spoken('The file is on its way.');
  const found = await ask('weights', { run: run.id, form: kind });
  say(found.problem);
  if (found.problem) return;
  found.files.forEach(({ name, data }) => {
    const blob = new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], { type: 'application/octet-stream' });
    const link = make('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}

const base64 = (file) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => failed(reader.error);
  reader.readAsDataURL(file);
});

find('.upload').addEventListener('click', () => find('.file').click());
find('.file').addEventListener('change', async () => {
  const [file] = find('.file').files;
  find('.file').value = '';
  if (!file) return;
  // what is refused by its name needs not travel: the server says why
  const refused = !file.name.toLowerCase().endsWith('.safetensors');
  if (!refused && file.size > props.most_bytes) {
    say(`The file has ${(file.size / 2 ** 20).toFixed(1)} MB. Weights of at most ${(props.most_bytes / 2 ** 20).toFixed(1)} MB are taken.`);
    return;
  }
  let data;
  try {
    data = refused ? '' : await base64(file);
  } catch {
    say('The browser could not read this file.');
    return;
  }
  find('.upload').disabled = true;
  const found = await ask('adopt', { name: file.name, data });
  find('.upload').disabled = false;
  say(found.problem);
  if (found.problem) return;
  noteNewRun();
  spoken('The weights are taken.');
  await refresh();
  tell('tp-runs', {});
});
