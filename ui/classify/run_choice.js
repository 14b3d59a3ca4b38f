// Which run of the visitor's own answers beside the shipped network. The line is there once the visitor has a run.
//
// Value: null (the shipped network alone) or {use: id of the run, visitor: secret}.
// Event: 'input' when the visitor chooses or removes one, and when the run that was chosen is gone.

const KEPT = 'tp-rival';  // a reload brings the choice back
const ENDED = ['done', 'stopped', 'diverged', 'failed'];  // states of a run that may change the list
const READING = 8000;  // ms
const GONE = 'The run that answered here was removed: the shipped network answers alone.';
const LOST = 'The server was restarted: the run that answered here is gone. The shipped network answers alone.';

let runs = [];
let asking = 0;
let said = 0;  // when

const chosen = () => (props.value ? props.value.use : '');

function keep(use) {
  try {
    if (use) sessionStorage.setItem(KEPT, use);
    else sessionStorage.removeItem(KEPT);
  } catch { /* a browser may forbid storage: the choice then lasts as long as the page */ }
}

function choose(use) {
  props.value = use ? { use, visitor } : null;
  if (use) keep(use);
}

function say(sentence) {
  if (!sentence) keep(chosen());   // what was said is not said again after a reload
  find('.said').textContent = sentence;
  said = performance.now();
  show();
}

function show() {
  find('.rival').hidden = !runs.length && !find('.said').textContent;
  find('.line').hidden = !runs.length;
}

function render() {
  const use = runs.some(({ run }) => run === chosen()) ? chosen() : '';
  find('.asked').textContent = use ? 'Also asked:' : 'Also ask a run of yours:';
  find('select').replaceChildren(...[{ run: '', text: 'none' }, ...runs].map(({ run, text }) => {
    const option = make('option', text);
    option.value = run;
    return option;
  }));
  find('select').value = use;
  find('.remove').hidden = !use;
  show();
}

async function refresh() {
  const turn = ++asking;
  const before = chosen();
  let told;
  try {
    told = await server.runs({ visitor, use: before });
  } catch {
    return;  // the server is away: what is known stays
  }
  if (turn !== asking || told.problem) return;  // a later question is on its way
  runs = told.runs;
  if (before && before === chosen() && !runs.some(({ run }) => run === before)) leave(await lostByRestart() ? LOST : GONE);
  render();
}

function leave(sentence) {
  choose('');   // it is kept until the sentence had time to be read: the page may be reloaded just now
  render();
  say(sentence);
  trigger('input');
}

find('select').addEventListener('change', (event) => {
  choose(event.target.value);
  say('');
  render();
  trigger('input');
});
find('.remove').addEventListener('click', () => {
  choose('');
  say('');
  render();
  trigger('input');
  find('select').focus();
});
document.addEventListener('tp-runs', refresh);
document.addEventListener('tp-run', (event) => { if (ENDED.includes(event.detail?.state)) refresh(); });
document.addEventListener('playground-picture', () => {
  // the sentence goes with the next picture, once there was time to read it
  if (find('.said').textContent && performance.now() - said > READING) say('');
});
// an answer found the run gone before the list did
document.addEventListener('tp-rival-gone', async (event) => {
  if (!chosen()) return;
  choose('');
  refresh();
  render();
  say(await lostByRestart() ? LOST : event.detail);
});
watch('value', () => {
  if (chosen()) say('');
  if (chosen() && !runs.some(({ run }) => run === chosen())) refresh();
  render();
});

try {
  const kept = sessionStorage.getItem(KEPT);
  if (kept && !props.value) choose(kept);
} catch { /* as above */ }
render();
refresh();
keepContact(refresh);
