// The run as it goes: state, numbers and curves, and the buttons that steer it.
//
// The script asks `server.follow` for what is new since its cursor, several times a second while there is something to
// see, and tells the other parts of the page: 'tp-run' when the state or the number of finished epochs changes,
// 'tp-runs' when there is one run more, 'tp-show' when a run has ended.

const ENDED = ['done', 'stopped', 'diverged', 'failed'];
const SOON = 100;      // ms between two questions in the first second of a run,
const USUAL = 250;     // after it,
const HIDDEN = 1000;   // and while nobody looks
const NAMES = { queued: 'Waiting', starting: 'Starting', running: 'Training', paused: 'Paused', stopping: 'Stopping',
  done: 'Done', stopped: 'Stopped', diverged: 'Diverged', failed: 'Failed' };
const CHARTS = { loss: find('.c-loss'), accuracy: find('.c-accuracy'), lr: find('.c-lr') };

let run = null;        // id of the run on screen
let seen = null;       // the last answer about it
let cursor = 0;
let curves = null;
let epochs = [];
let turn = 0;          // of following: an answer to an earlier one comes too late
let since = 0;         // when this run came on the screen
let chosenLog = null;  // the visitor's own choice of the axis
let pointed = null;    // the step that is read, or null
let layer = null;      // the layer that is read, or null
let turned = null;     // the learning rate that was asked for since the last step, or null
let spoken = '';
let announced = '';
let drawing = false;

const active = () => Boolean(seen) && !ENDED.includes(seen.state);
const fire = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

function duration(seconds) {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

// --- following ----------------------------------------------------------------------------------------------------

const fresh = () => ({ loss: series(), accuracy: series(), lr: series() });

function clear() {
  cursor = 0;
  seen = null;
  epochs = [];
  curves = fresh();
  pointed = layer = turned = null;
  announced = spoken = '';
  since = performance.now();
}

function attach(id) {
  clear();
  run = id;
  follow();
}

async function follow() {
  const mine = ++turn;
  while (mine === turn) {
    const answer = await ask('follow', { run, since: cursor });
    if (mine !== turn) return;
    if (answer.lost) {          // the server may come back, and the run with it
      showState({ ...(seen || {}), state: 'queued', said: answer.problem });
      await pause(AGAIN);
      continue;
    }
    if (answer.problem) {
      const restarted = await lostByRestart();
      if (mine === turn) forget(restarted ? RESTARTED : answer.problem);
      return;
    }
    if (answer.cursor < cursor) {   // it goes on from an earlier step: what came after that is forgotten
      cursor = 0;
      curves = fresh();
      continue;
    }
    take(answer);
    if (ENDED.includes(answer.state)) return;
    const seenBySomeone = !document.hidden && element.offsetParent !== null;
    await pause(!seenBySomeone ? HIDDEN : performance.now() - since < 1000 ? SOON : USUAL);
  }
}

function forget(problem) {
  const before = run;
  turn += 1;
  run = null;
  clear();
  showAll();
  notice(problem);
  fire('tp-runs', { removed: before });
}

function take(answer) {
  const { steps, progress } = answer;
  const keep = 1 - 1 / Math.min(100, Math.max(4, (progress.steps || 0) / 60));
  steps.step.forEach((step, i) => {
    curves.loss.push(step + 1, steps.loss[i], keep);
    curves.accuracy.push(step + 1, steps.accuracy[i], keep);
    curves.lr.push(step + 1, steps.lr[i], 0);
  });
  if (steps.step.length && answer.lr === turned) turned = null;
  cursor = answer.cursor;
  epochs = answer.epochs;
  seen = answer;
  showAll();
  const now = `${run} ${answer.state} ${epochs.length}`;
  if (now === announced) return;
  const before = announced.split(' ')[1];
  announced = now;
  fire('tp-run', { run, name: answer.name, state: answer.state, message: answer.said, epoch: epochs.at(-1)?.epoch ?? 0, epochs: progress.epochs });
  if (ENDED.includes(answer.state) && before && !ENDED.includes(before)) {
    fire('tp-show', { run });
    fire('tp-runs', {});
  }
}

function remaining({ left, seconds, budget, step }) {
  if (!Number.isFinite(left) || step < 2) return '';
  if (seconds + left > budget * 1.02) return `${duration(Math.max(0, budget - seconds))} left, the time limit of a run here`;
  return `${duration(left)} left`;
}

// --- words and numbers --------------------------------------------------------------------------------------------

function nameOf({ state, progress }) {
  // all steps are done: nobody stopped it, its accuracy is measured
  return state === 'stopping' && progress.steps && progress.step >= progress.steps ? 'Measuring' : NAMES[state];
}

function detail(answer) {
  const { progress, said, place, state } = answer;
  if (state === 'queued') return said || (place > 1 ? `${many(place - 1)} run${place > 2 ? 's' : ''} before yours` : 'Yours is next');
  if (state === 'running') return [said, remaining(progress)].filter(Boolean).join(' · ');
  if (state === 'done' || state === 'stopped') return [progress?.seconds ? `after ${duration(progress.seconds)}` : '', said].filter(Boolean).join('. ');
  return state === 'diverged' || state === 'failed' ? '' : said || '';
}

function showState(answer) {
  const name = answer ? nameOf(answer) : 'Ready';
  find('.run').dataset.state = answer ? answer.state : 'idle';
  find('.state b').textContent = name;
  find('.detail').textContent = answer ? detail(answer) : '';
}

function say(words) {          // for those who listen: changes of the state, not every number
  if (words === spoken) return;
  spoken = words;
  find('.live').textContent = words;
}

function tile(name, big, small) {
  const view = find(`.n-${name}`);
  if (view.dataset.shown === `${big}|${small}`) return;
  view.dataset.shown = `${big}|${small}`;
  view.replaceChildren(big, ...(small ? [' ', make('small', small)] : []));
}

function showNumbers() {
  const progress = seen?.progress || {};
  const checked = seen?.validated.at(-1);
  tile('loss', brief(curves.loss.last));
  tile('accuracy', checked ? share(checked[2]) : '–');
  tile('rate', progress.rate > 0 ? many(Math.round(progress.rate)) : '–');
  tile('epoch', progress.epochs ? many(Math.min(progress.epochs, (progress.epoch || 0) + (active() ? 1 : 0))) : '–', progress.epochs ? `of ${many(progress.epochs)}` : '');
  tile('step', progress.steps ? many(progress.step || 0) : '–', progress.steps ? `of ${many(progress.steps)}` : '');
  find('.now').textContent = progress.lr > 0 ? `${brief(progress.lr)}${turned ? ` → ${brief(turned)}` : ''}` : '';
  const part = progress.steps ? Math.min(1, progress.step / progress.steps) : 0;
  find('.progress i').style.transform = `scaleX(${part})`;
  find('.progress').setAttribute('aria-valuenow', String(Math.round(100 * part)));
}

function showTrouble() {
  const lost = seen && (seen.state === 'diverged' || seen.state === 'failed');
  find('.trouble').hidden = !lost;
  if (!lost) return;
  const diverged = seen.state === 'diverged';
  find('.trouble h3').textContent = diverged ? 'This run is lost: the training diverged' : 'This run could not go on';
  find('.trouble .said').textContent = seen.said;
  const rows = diverged ? [['steps before it', many(seen.progress.step || 0)], ['learning rate', brief(seen.progress.lr)]] : [];
  find('.at').replaceChildren(...rows.map(([name, value]) => {
    const row = make('div');
    row.append(make('dt', name), make('dd', value));
    return row;
  }));
  const changes = Object.entries(seen.advice || {});
  find('.mend').hidden = !changes.length;
  find('.mend').textContent = `Set ${changes.map(([key, value]) => `${fieldOf[key].label.toLowerCase()} to ${value === true ? 'on' : value}`).join(', ')}`;
}

function showVerdict() {
  const verdict = seen?.verdict;
  const view = find('.verdict');
  view.className = `verdict ${verdict?.kind || ''}`;
  if (!verdict?.said) view.textContent = '';
  else {
    const [name] = [{ healthy: 'Healthy gradients.', vanishing: 'Vanishing gradients.', exploding: 'Exploding gradients.' }[verdict.kind] || ''];
    view.replaceChildren(make('b', name), ` ${verdict.said}`);
  }
}

function showButtons() {
  const held = document.activeElement;
  const state = seen?.state;
  const going = active();
  find('.pause').hidden = !(state === 'running' || state === 'paused');
  find('.pause').textContent = state === 'paused' ? 'Resume' : 'Pause';
  find('.stop').hidden = !going || state === 'stopping';
  find('.further').hidden = !(state === 'done' || state === 'stopped');
  find('.turn').hidden = !(state === 'running' || state === 'paused');
  find('.train').textContent = going ? 'Stop this run and train anew' : 'Train';
  find('.idle').hidden = Boolean(run);
  // who steers with the keyboard keeps their place when a button goes
  if (element.contains(held) && held.hidden) (find('.run .buttons button:not([hidden]):enabled') || find('.train')).focus();
}

function showAll() {
  showState(seen);
  showNumbers();
  showTrouble();
  showVerdict();
  showButtons();
  draw();
  find('.altered').hidden = !(seen && (seen.changes.length || seen.lr !== seen.recipe.lr || seen.progress.epochs > seen.recipe.epochs));
  if (!seen) return;
  const checked = seen.validated.at(-1);
  const reached = checked && ENDED.includes(seen.state) ? ` Validation accuracy ${share(checked[2])}.` : '';
  say(`${nameOf(seen)}.${reached}${seen.state === 'diverged' || seen.state === 'failed' ? ` ${seen.said}` : ''}`);
}

// --- curves -------------------------------------------------------------------------------------------------------

function draw() {   // at most once a frame, and only where somebody can see it
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (element.offsetParent !== null && curves) paint();
  });
}

const bounds = (points) => points.reduce(([low, high], [, value]) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

function horizon() {   // the last step of the axis: a short run has room from the start, a long one grows
  const { steps = 0, step = 0 } = seen?.progress || {};
  if (!steps) return 100;
  return steps <= 1500 || ENDED.includes(seen.state) && step >= steps ? steps : Math.min(steps, Math.max(500, Math.ceil(step * 1.2)));
}

function paint() {
  const validated = seen?.validated || [];
  const end = ENDED.includes(seen?.state) ? Math.max(1, curves.loss.smooth.at(-1)?.[0] || horizon()) : horizon();
  const { steps = 0, epochs: passes = 0 } = seen?.progress || {};
  const ends = passes > 1 ? Array.from({ length: passes - 1 }, (_, i) => ((i + 1) * steps) / passes).filter((step) => step < end) : [];
  const losses = validated.map(([step, value]) => [step, value]).filter(([, value]) => Number.isFinite(value));
  const [least, most] = bounds([...curves.loss.smooth, ...losses]);
  const first = curves.loss.smooth[0]?.[1] || 1;
  const log = chosenLog ?? most > 10 * first;
  find('.log').setAttribute('aria-pressed', String(log));
  const base = { end, ends, cursor: pointed };
  plot(CHARTS.loss, { ...base, numbers: true, log, say: (value) => brief(value),
    low: log ? Math.max(1e-12, (Number.isFinite(least) ? least : 0.1) * 0.7) : 0, high: Number.isFinite(most) ? most * (log ? 1.6 : 1.08) : 2.5,
    lines: [{ of: curves.loss, colour: 'main', raw: true }], dots: [{ points: losses, colour: 'other' }] });
  // the floor follows the curve up, or the last per cents could not be told apart
  const scores = validated.map(([step, , value]) => [step, value]);
  const floor = scores.length > 1 ? Math.max(0, Math.floor(bounds(scores)[0] * 10 - 0.5) / 10) : 0;
  plot(CHARTS.accuracy, { ...base, numbers: true, log: false, low: floor, high: 1, say: (value) => `${Math.round(100 * value)} %`,
    lines: [{ of: curves.accuracy, colour: 'main', raw: false }], dots: [{ points: scores, colour: 'other' }] });
  const [slow, fast] = bounds(curves.lr.smooth);
  const wide = fast > 100 * slow && slow > 0;
  plot(CHARTS.lr, { ...base, numbers: false, log: wide, low: wide ? slow * 0.7 : 0, high: Number.isFinite(fast) ? fast * (wide ? 1.5 : 1.15) : 0.1, say: (value) => brief(value, 2),
    lines: [{ of: curves.lr, colour: 'third', raw: false }], dots: [] });
  plotLayers(find('.c-layers'), seen?.layers || [], layer);
  showReadings();
}

function showReadings() {
  const end = CHARTS.loss.span?.[2] || 1;
  Object.entries(CHARTS).forEach(([name, canvas]) => {
    const view = canvas.nextElementSibling;
    const at = pointed === null ? null : curves[name].near(pointed);
    let words = '';
    if (at) {
      const [step, value, smoothed] = at;
      const checked = (seen?.validated || []).filter(([one]) => one <= pointed).at(-1);
      if (name === 'loss') words = `step ${many(step)}: ${brief(value)}, smoothed ${brief(smoothed)}${checked ? `\nvalidation ${brief(checked[1])}` : ''}`;
      else if (name === 'accuracy') words = `step ${many(step)}: ${share(smoothed)}${checked ? `\nvalidation ${share(checked[2])}` : ''}`;
      else words = `step ${many(step)}: ${brief(value)}`;
      canvas.setAttribute('aria-valuenow', String(step));
      canvas.setAttribute('aria-valuetext', words.replace('\n', ', '));
    }
    canvas.setAttribute('aria-valuemin', '0');
    canvas.setAttribute('aria-valuemax', String(Math.round(end)));
    if (!at) canvas.setAttribute('aria-valuenow', '0');
    view.textContent = words;
    view.classList.toggle('left', pointed !== null && pointed > end / 2);
  });
  const layers = seen?.layers || [];
  const bars = find('.c-layers');
  const bar = layers[layer];
  const norm = bar && (bar[1] === null ? 'not finite' : brief(bar[1]));
  bars.nextElementSibling.textContent = bar ? `${bar[0]}: ${norm}` : '';
  Object.entries({ valuemin: 0, valuemax: Math.max(0, layers.length - 1), valuenow: layer ?? 0 }).forEach(([key, value]) => bars.setAttribute(`aria-${key}`, String(value)));
  bars.setAttribute('aria-valuetext', bar ? `${bar[0]}: ${norm}` : layers.length ? `${layers.length} layers` : 'no run yet');
}

function read(step) {
  const end = CHARTS.loss.span?.[2] || 1;
  pointed = step === null ? null : Math.max(0, Math.min(end, step));
  draw();
}

Object.values(CHARTS).forEach((canvas) => {
  const place = (event) => {
    if (!canvas.span || !curves?.loss.length) return;
    const [left, span, end] = canvas.span;
    read(((event.clientX - canvas.getBoundingClientRect().left - left) / span) * end);
  };
  canvas.addEventListener('pointermove', place);
  canvas.addEventListener('pointerdown', place);
  canvas.addEventListener('pointerleave', () => read(null));
  canvas.addEventListener('blur', () => read(null));
  canvas.addEventListener('keydown', (event) => {
    const last = curves?.loss.smooth.at(-1)?.[0];
    if (last === undefined) return;
    const stride = Math.max(1, Math.round(last / 100));
    const now = pointed ?? last;
    const next = { ArrowLeft: now - stride, ArrowRight: now + stride, PageDown: now - 10 * stride, PageUp: now + 10 * stride, Home: 0, End: last, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    read(next === null ? null : Math.min(last, next));
  });
});
const bars = find('.c-layers');
function readLayer(number) {
  const count = seen?.layers.length || 0;
  layer = number === null || !count ? null : Math.max(0, Math.min(count - 1, number));
  draw();
}
bars.addEventListener('pointermove', (event) => {
  if (!bars.rooms) return;
  const [left, room] = bars.rooms;
  readLayer(Math.floor((event.clientX - bars.getBoundingClientRect().left - left) / room));
});
bars.addEventListener('pointerleave', () => readLayer(null));
bars.addEventListener('blur', () => readLayer(null));
bars.addEventListener('keydown', (event) => {
  const next = { ArrowLeft: (layer ?? 1) - 1, ArrowRight: (layer ?? -1) + 1, Home: 0, End: Infinity, Escape: null }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  readLayer(next);
});
find('.log').addEventListener('click', () => {
  chosenLog = find('.log').getAttribute('aria-pressed') !== 'true';
  draw();
});
new ResizeObserver(draw).observe(find('.charts'));
new MutationObserver(() => { readColours(); draw(); }).observe(document.body, { attributes: true, attributeFilter: ['class'] });

// --- steering -----------------------------------------------------------------------------------------------------

let pressed = false;

find('.choices').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (pressed) return;
  pressed = true;
  const answer = await ask('start', { recipe: recipe(), token: own?.token });
  pressed = false;
  if (answer.problem) {
    told = { ...answer };
    showFacts();
    showForm();
    return;
  }
  noteNewRun();
  notice('');
  attach(answer.run);
  fire('tp-runs', {});
  // on a small screen the curves are below the choices
  const top = find('.run').getBoundingClientRect().top;
  if (top > window.innerHeight * 0.6) {
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    find('.run').scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
  }
});

function notice(words) {   // what could not be done: it stays until something else is asked for
  find('.notice').hidden = !words;
  find('.notice').textContent = words || '';
}

async function steer(wish) {
  const answer = await ask('steer', { run, ...wish });
  notice(answer.problem);
  if (answer.problem) return false;
  follow();
  return true;
}

find('.pause').addEventListener('click', () => steer({ wish: seen?.state === 'paused' ? 'resume' : 'pause' }));
find('.stop').addEventListener('click', () => steer({ wish: 'stop' }));
find('.go-on').addEventListener('click', async () => {
  if (await steer({ wish: 'go_on', value: Number(find('.epochs-more').value) })) fire('tp-runs', {});
});
find('.epochs-more').addEventListener('input', (event) => { find('.epochs-word').textContent = Number(event.target.value) === 1 ? 'more epoch' : 'more epochs'; });
async function turnTo(rate) {   // the largest rate of a schedule
  const before = turned;
  turned = Number.isFinite(rate) ? Number(rate.toPrecision(6)) : null;   // a second click goes on from here
  const done = await steer({ wish: 'lr', value: turned });
  if (!done) turned = before;
  showNumbers();
  return done;
}
find('.down').addEventListener('click', () => turnTo((turned ?? seen.lr) / 10));
find('.up').addEventListener('click', () => turnTo((turned ?? seen.lr) * 10));
find('.lr-now').addEventListener('keydown', async (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  if (await turnTo(whole(event.target.value))) event.target.value = '';
});
find('.mend').addEventListener('click', () => {
  document.dispatchEvent(new CustomEvent('tp-choose', { detail: seen.advice }));
  find('.train').focus();
});
document.addEventListener('tp-show', ({ detail: asked }) => {   // the table asks for an earlier run
  if (asked?.run && asked.run !== run && !active() && element.isConnected) attach(asked.run);
});

// --- a page that was reloaded finds its run -------------------------------------------------------------------------

async function meet() {   // what the server has of the visitor's
  const before = run;
  const answer = await ask('active', {});
  if (answer.problem) return answer;
  await noteRuns(answer.runs > 0);
  if (!answer.runs && run === before && recall(VISIT).restarted) forget(RESTARTED);
  return answer;
}

async function recover() {
  let answer = await meet();
  while (answer.lost) {
    await pause(AGAIN);
    answer = await meet();
  }
  if (answer.run && !run) {
    if (answer.recipe) choose({ ...form.defaults, ...answer.recipe });
    attach(answer.run);
  }
}

readColours();
clear();
showAll();
recover();
keepContact(meet);
