// What the range test and the sweep share: the choices of the Train part, and a search that is followed while it goes on.
//
// The Train part says its choices with the event 'tp-recipe' and keeps the last ones in window.tpRecipe (and the secret
// of the visitor's own pictures in window.tpToken); 'tp-choose' with {field: value} changes them.

const SEARCHED = ['done', 'stopped', 'failed'];
const BETWEEN = 150;   // ms between two questions while a search goes on

let chosen = window.tpRecipe || props.recipe;
let search = null;     // id of the search on screen
let going = false;
let heard = 0;         // records so far
let order = 0;         // of following: an answer to an earlier one comes too late
let asked = false;     // Stop was pressed, perhaps before the search had an id
let searched = null;   // the recipe of the search on screen

const SAID = { queued: 'Waiting', starting: 'Starting', running: 'Running', paused: 'Paused', stopping: 'Stopping' };

function problem(sentence) {
  find('.problem').hidden = !sentence;
  find('.problem').textContent = sentence || '';
}

function buttons() {
  const held = document.activeElement;
  find('.go').disabled = going;
  find('.stop').hidden = !going;
  find('.stop').disabled = asked;
  // who steers with the keyboard keeps their place when a button goes
  if (element.contains(held) && (held.hidden || held.disabled)) (find('.bar button:not([hidden]):enabled') || find('.state')).focus();
}

const brief = (value, digits = 2) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size && (size < 1e-4 || size >= 1e5)) return value.toExponential(digits - 1).replace('e+', 'e').replace('e-', 'e−').replace(/^-/, '−');
  return String(Number(value.toPrecision(digits))).replace('-', '−');
};
const percent = (share) => (share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`);
const choose = (values) => document.dispatchEvent(new CustomEvent('tp-choose', { detail: values }));

// told: {begin(), record(one), draw(state)}: what the view does with it
async function follow(id, told) {
  const mine = ++order;
  search = id;
  heard = 0;
  going = true;
  searched = null;
  told.begin();
  buttons();
  if (asked) halt();
  let away = false;
  while (mine === order) {
    const answer = await ask('follow', { run: id, since: heard });
    if (mine !== order) return;
    if (answer.lost) {     // the server may come back, and the search with it
      problem(answer.problem);
      away = true;
      await pause(1000);
      continue;
    }
    if (answer.problem) {
      problem(await lostByRestart() ? RESTARTED : answer.problem);
      break;
    }
    if (away) problem('');
    away = false;
    heard = answer.cursor;
    searched = answer.recipe;
    answer.records.forEach(told.record);
    const ended = SEARCHED.includes(answer.state);
    if (ended) going = false;
    told.draw(answer);
    if (ended) break;
    await pause(document.hidden ? 1000 : BETWEEN);
  }
  going = false;
  buttons();
}

async function begin(kind, spec, told) {
  if (going) return;
  going = true;          // until the answer is here a second press is none
  search = null;
  asked = false;
  problem('');
  buttons();
  const answer = await ask('start', { recipe: chosen, token: window.tpToken, kind, spec });
  going = false;
  if (answer.problem) {
    asked = false;
    problem(answer.problem);
    buttons();
    return;
  }
  noteNewRun();
  await follow(answer.run, told);
}

async function recover(kind, told) {   // a page that was reloaded finds its search
  const answer = await ask('found', { kind });
  if (answer.run && !search && !going) await follow(answer.run, told);
}

function changedSince(besides) {   // names of the choices that are others now than in the search on screen
  if (!searched) return '';
  const other = Object.keys(chosen).filter((key) => !besides.includes(key) && chosen[key] !== searched[key]);
  return other.map((key) => (props.labels[key] || key).toLowerCase()).join(', ');
}

function stateText(answer, running) {
  if (answer.state === 'queued') return answer.place > 1 ? `Waiting: ${answer.place - 1} before it` : 'Waiting: it is next';
  if (answer.state === 'running') return running;
  return SAID[answer.state] || '';
}

async function halt() {
  const answer = await ask('stop', { run: search });
  if (answer.problem) problem(answer.problem);
}

find('.stop').addEventListener('click', () => {
  asked = true;
  buttons();
  if (search) halt();
});

element.querySelectorAll('.code').forEach((view) => {
  const button = view.querySelector('.copy');
  button.addEventListener('click', () => copied(button, view.querySelector('pre').textContent));
});
