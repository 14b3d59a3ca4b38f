// The program: its lines, the way through them, and the settings. `slow_tensors.js` shows what the lines change.
//
// Value: what `on_play` of slow_motion.py returns; `server.play(settings)` gives the same for other settings.

const PAUSE = 1400;   // between two lines while playing, in ms: time to read a sentence
const TYPICAL = { 'simple-gd': 0.5, momentum: 0.5, adam: 0.02 };
const WHOLE = ['zero_grad', 'forward', 'loss', 'backward', 'step'];
const moved = (key, before) => {
  const order = WHOLE.filter((one) => one !== key);
  order.splice(order.indexOf(before), 0, key);
  return order;
};
// name on the page, what it changes; everything else about the lines goes back to the textbook
const TRIES = [
  ['The textbook', {}],
  ['no zero_grad', { left_out: ['zero_grad'] }],
  ['no zero_grad, with momentum', { left_out: ['zero_grad'], optimizer: 'momentum', lr: 0.5 }],
  ['no backward', { left_out: ['backward'] }],
  ['no step', { left_out: ['step'] }],
  ['step before backward', { order: moved('step', 'backward') }],
  ['zero_grad before step', { order: moved('zero_grad', 'step') }],
  ['loss before forward', { order: moved('loss', 'forward') }],
  ['keep the bias from the optimizer', { not_given: ['bias'] }],
  ['freeze the weights', { frozen: ['weight'] }],
];

let shown = null;
let at = 0;           // the frame on screen
let playing = null;
let asking = false;
let wanted = null;
let newest = null;    // the last wish while the server is asked: the next change builds on it
let pick = null;      // [parameter, place] of the weight that is looked at

const settings = () => structuredClone(newest || shown.settings);
const frame = () => shown.frames[at];
const earlier = () => shown.frames[at - 1] || null;

// --- asking -------------------------------------------------------------------------------------------------------

async function ask(wish) {
  wanted = newest = wish;
  if (asking) return;
  asking = true;
  while (wanted) {
    const now = wanted;
    wanted = null;
    let answer;
    try {
      answer = await server.play(now);
    } catch {
      answer = { problem: 'The server did not answer. Is it still running?' };
    }
    if (wanted) continue;
    newest = null;
    find('.problem').hidden = !answer.problem;
    find('.problem').textContent = answer.problem || '';
    if (!answer.problem) take(answer);
  }
  asking = false;
}

function take(value) {
  const before = shown;
  const was = before && before.frames[at];
  const wasAtEnd = before && at === before.frames.length - 1 && at > 0;
  shown = value;
  newest = null;
  tensors = shown.tensors.map((text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer));
  const other = !before || before.settings.network !== shown.settings.network;
  if (other || !pick || !shown.parameters[pick[0]]) pick = shown.chosen;
  const last = shown.frames.length - 1;
  if (wasAtEnd) at = last;
  else if (was) {  // where one was: the same line of the same pass, or what is nearest to it
    const place = shown.frames.findIndex((one) => one.pass === was.pass && one.line === was.line);
    at = place >= 0 ? place : Math.min(at, last);
  }
  if (before && shown.frames[last].error && !before.frames.at(-1).error) at = last;  // where the program stops
  layParameters();
  showProgram();
  show();
}

// --- the way through ----------------------------------------------------------------------------------------------

function go(place) {
  at = Math.max(0, Math.min(shown.frames.length - 1, place));
  show();
}

function stop() {
  clearTimeout(playing);
  playing = null;
  find('.play').textContent = 'Play';
  find('.said').setAttribute('aria-live', 'polite');
}

function start() {
  find('.play').textContent = 'Pause';
  if (at === shown.frames.length - 1) go(0);
  const tick = () => {
    if (!element.isConnected || at >= shown.frames.length - 1) return stop();
    if (element.offsetParent !== null) go(at + 1);
    playing = setTimeout(tick, PAUSE);
  };
  playing = setTimeout(tick, 300);
}

function endOfPass() {
  const frames = shown.frames;
  let next = Math.min(at + 1, frames.length - 1);
  while (next < frames.length - 1 && frames[next + 1].pass === frames[next].pass) next += 1;
  return next;
}

find('.back').addEventListener('click', () => { stop(); go(at - 1); });
find('.forth').addEventListener('click', () => { stop(); go(at + 1); });
find('.round').addEventListener('click', () => { stop(); go(endOfPass()); });
find('.play').addEventListener('click', () => (playing === null ? start() : stop()));
find('.scrub').addEventListener('input', () => { stop(); go(Number(find('.scrub').value)); });
element.addEventListener('keydown', (event) => {
  if (event.target.closest('input, select, textarea, .cells, summary, pre') || event.altKey || event.ctrlKey || event.metaKey) return;
  const place = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.frames.length - 1 }[event.key];
  if (place === undefined) return;
  event.preventDefault();
  stop();
  go(place);
});

// --- the program --------------------------------------------------------------------------------------------------

function changed(values) {
  stop();
  ask({ ...settings(), ...values });
}

function swap(key, by) {
  const order = settings().order;
  const place = order.indexOf(key);
  const other = place + by;
  if (other < 0 || other >= order.length) return;
  [order[place], order[other]] = [order[other], order[place]];
  changed({ order });
}

function line(key, text, place) {
  const row = make('li', undefined, 'line');
  row.dataset.key = key;
  const label = make('label', undefined, 'run');
  const tick = make('input');
  tick.type = 'checkbox';
  tick.checked = !shown.settings.left_out.includes(key);
  tick.setAttribute('aria-label', `run ${text}`);
  tick.addEventListener('change', () => {
    const left = settings().left_out.filter((one) => one !== key);
    changed({ left_out: tick.checked ? left : [...left, key] });
  });
  label.append(tick, make('code', text));
  row.classList.toggle('out', !tick.checked);
  const up = make('button', '▲', 'move up');
  const down = make('button', '▼', 'move down');
  up.setAttribute('aria-label', `Move ${text} up`);
  down.setAttribute('aria-label', `Move ${text} down`);
  up.disabled = place === 0;
  down.disabled = place === WHOLE.length - 1;
  [[up, -1], [down, 1]].forEach(([one, by]) => { one.type = 'button'; one.addEventListener('click', () => swap(key, by)); });
  row.append(label, up, down);
  return row;
}

function showProgram() {
  const { program, settings: chosen, verdict } = shown;
  const view = find('.lines');
  const focused = view.contains(document.activeElement) && {
    key: document.activeElement.closest('.line').dataset.key,
    kind: ['up', 'down'].find((name) => document.activeElement.classList.contains(name)) || 'input',
  };
  const tops = new Map([...view.children].map((row) => [row.dataset.key, row.getBoundingClientRect().top]));
  view.replaceChildren(...program.lines.map(([key, text], place) => line(key, text, place)));
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
    [...view.children].forEach((row) => {  // a moved line slides to its new place: the eye can follow
      const by = (tops.get(row.dataset.key) ?? row.getBoundingClientRect().top) - row.getBoundingClientRect().top;
      if (by) row.animate([{ transform: `translateY(${by}px)` }, { transform: 'none' }], { duration: 220, easing: 'ease-out' });
    });
  }
  if (focused) {
    const row = view.querySelector(`[data-key="${focused.key}"]`);
    const again = row.querySelector(focused.kind === 'input' ? 'input' : `.${focused.kind}`);
    (again.disabled ? row.querySelector('.move:not(:disabled)') : again).focus();
  }
  find('.setup').replaceChildren(...program.setup.map(([key, text]) => {
    const part = make('span', `${text}\n`);
    part.dataset.key = key;
    return part;
  }));
  find('.head').textContent = program.head;
  find('.verdict').dataset.kind = verdict.kind;
  find('.verdict-text').textContent = verdict.said;
  find('.text').textContent = program.text;
  find('.source').hidden = chosen.optimizer !== 'simple-gd';
  find('.source-text').textContent = shown.source;
  for (const [name, value] of Object.entries(chosen)) {
    const control = find(`.settings [name="${name}"]`);
    if (control && control !== document.activeElement) control.value = value;
  }
  find('.scrub').max = shown.frames.length - 1;
  const same = (one) => JSON.stringify(['order', 'left_out', 'not_given', 'frozen'].map((name) => one[name]));
  [...find('.tries').querySelectorAll('button')].forEach((button, i) => {
    const wish = tried(TRIES[i][1]);
    const rest = ['optimizer', 'lr'].every((name) => TRIES[i][1][name] === undefined || chosen[name] === TRIES[i][1][name]);
    const closer = i === 1 && chosen.optimizer === 'momentum' && chosen.lr === 0.5;
    button.setAttribute('aria-pressed', String(same(wish) === same(chosen) && rest && !closer));
  });
}

function tried(values) {
  const clean = { order: WHOLE, left_out: [], not_given: [], frozen: [], ...values };
  if (settings().network === 'two-layers') {
    clean.not_given = clean.not_given.map((name) => `hidden.${name}`);
    clean.frozen = clean.frozen.map((name) => `hidden.${name}`);
  }
  return clean;
}

find('.tries').append(...TRIES.map(([name, values]) => {
  const button = make('button', name, 'chip');
  button.type = 'button';
  button.addEventListener('click', () => changed(tried(values)));
  return button;
}));
find('.settings').addEventListener('submit', (event) => event.preventDefault());
find('.settings').addEventListener('change', (event) => {
  const { name, value } = event.target;
  const number = event.target.type === 'number';
  const wish = { [name]: number ? (value.trim() === '' ? null : Number(value)) : value };
  if (name === 'network') Object.assign(wish, { not_given: [], frozen: [] });
  if (name === 'optimizer') wish.lr = TYPICAL[value];
  changed(wish);
});
find('.copy').addEventListener('click', () => copied(find('.copy'), find('.text').textContent));

// --- one frame ----------------------------------------------------------------------------------------------------

function show() {
  const now = frame();
  element.querySelectorAll('.line').forEach((row) => {
    const on = row.dataset.key === now.line;
    row.classList.toggle('now', on);
    row.classList.toggle('failed', on && Boolean(now.error));
    if (on) row.setAttribute('aria-current', 'step');
    else row.removeAttribute('aria-current');
  });
  const begins = now.line === 'start';
  find('.setup').classList.toggle('now', begins);
  find('.where-line').textContent = begins ? '' : shown.program.lines.find(([key]) => key === now.line)[1];
  find('.where-pass').textContent = begins ? 'before the loop' : `pass ${now.pass + 1} of ${shown.passes}`;
  find('.scrub').value = at;
  find('.scrub').setAttribute('aria-valuetext', begins ? 'before the loop' : `pass ${now.pass + 1}, ${now.line}`);
  // not `disabled`: that would take the focus, and the keys, away from who has just come to the end
  const ends = { back: at === 0, forth: at === shown.frames.length - 1, round: at === shown.frames.length - 1 };
  Object.entries(ends).forEach(([name, end]) => find(`.${name}`).setAttribute('aria-disabled', String(end)));
  find('.said').setAttribute('aria-live', playing === null ? 'polite' : 'off');
  find('.said').hidden = Boolean(now.error);
  find('.said').textContent = now.said;
  find('.said').classList.toggle('wrong', now.wrong);
  find('.trouble').hidden = !now.error;
  find('.meaning').textContent = now.error ? now.said : '';
  find('.error').textContent = now.error || '';
  showParameters();
  showBatch();
  showWeight();
  showCurve();
}
