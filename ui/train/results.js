// What a run has learned, epoch by epoch, and what it has reached at its end.
//
// The view follows the run that "tp-run" names, until the visitor chooses another one ("tp-show"). Everything is asked
// from the server with the visitor's secret; epochs and pictures that were seen once are kept here. The confusion matrix
// is in confusion.js.

const ENDED = ['done', 'stopped', 'diverged', 'failed'];
const PAUSE = 700;      // between two epochs while playing, in ms
const minus = (words) => String(words).replace(/-/g, '−');
const percent = (share, digits = 1) => (share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`);
const sure = (share) => (share === null ? '–' : share >= 0.9995 ? '>99.9 %' : percent(share));
const scale = (value) => minus(Math.abs(value) < 1e4 ? value : value.toExponential(1));
const short = (value) => (value === null || value === undefined ? 'not a number' : minus(value >= 0.1 && value < 10 ? value.toFixed(3) : value.toPrecision(3)));

let run = null;         // the run in sight
let live = null;        // the run that goes on, or went on last
let known = null;       // what `overview` gave
let at = 0;             // place of the epoch in sight among those that are kept
let following = true;   // whether the slider stays at the last epoch
let seen = new Map();   // epoch number -> what `epoch` gave
let kept = new Map();   // part:index -> {label, pixels}
let shown = null;       // the epoch in sight
let opened = null;      // the cell whose pictures are in sight
let playing = null;
let turn = 0;           // answers for another run come too late
let asking = false;
let again = false;

function say(problem) {
  find('.problem').hidden = !problem;
  find('.problem').textContent = problem || '';
}

// --- pictures -----------------------------------------------------------------------------------------------------

const GREYS = Array.from({ length: 256 }, (_, grey) => [grey, grey, grey]);
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

async function fetched(part, indices) {  // -> whether all of them are here
  const mine = turn;
  const missing = indices.filter((index) => !kept.has(`${part}:${index}`));
  if (!missing.length) return true;
  const found = await ask('pictures', { run, part, indices: missing });
  if (mine !== turn) return false;
  if (found.problem) { say(found.problem); return false; }
  found.pictures.forEach((one) => kept.set(`${part}:${one.index}`, one));
  return true;
}

function draw(view, part) {  // every canvas with an index gets its picture
  view.querySelectorAll('canvas[data-index]').forEach((canvas) => {
    const one = kept.get(`${part}:${canvas.dataset.index}`);
    if (one) paint(canvas, bytes(one.pixels), 28, 28, GREYS);
  });
}

async function fill(view, part, samples, words) {  // samples: {index, ...}; words(sample) -> lines under the picture
  view.replaceChildren(...samples.map((sample) => {
    const tile = make('figure', undefined, 'picture');
    const canvas = make('canvas');
    Object.assign(canvas, { width: 28, height: 28 });
    canvas.dataset.index = sample.index;
    canvas.setAttribute('role', 'img');
    const lines = words(sample);
    canvas.setAttribute('aria-label', `Picture ${sample.index}`);
    const caption = make('figcaption');
    caption.append(...lines.map(([kind, text]) => make(kind, text)));
    tile.append(canvas, caption);
    return tile;
  }));
  if (await fetched(part, samples.map((sample) => sample.index))) draw(view, part);
}

const nameOf = (label) => known.classes[label] ?? `class ${label}`;

// --- the first layer --------------------------------------------------------------------------------------------

function showKernels() {
  const found = shown.filters;
  find('.first').hidden = !found;
  if (!found) return;
  const view = find('.kernels');
  const all = bytes(found.pixels);
  const size = found.height * found.width;
  while (view.children.length > found.count) view.lastElementChild.remove();
  while (view.children.length < found.count) {
    const canvas = make('canvas');
    canvas.setAttribute('role', 'img');
    view.append(canvas);
  }
  const whole = found.kind === 'weights' && found.total === known.classes.length;
  view.classList.toggle('large', whole);
  view.classList.toggle('middle', found.kind === 'weights' && !whole);
  [...view.children].forEach((canvas, n) => {
    paint(canvas, all.subarray(n * size, (n + 1) * size), found.width, found.height, RAMP);
    const name = whole ? `Weights of ${nameOf(n)}` : found.kind === 'weights' ? `Weights of hidden unit ${n}` : `Filter ${n}`;
    const rows = found.values && found.values[n];
    canvas.title = rows ? `${name}\n${rows.map((row) => row.map((one) => minus(one.toFixed(2))).join('  ')).join('\n')}` : name;
    canvas.setAttribute('aria-label', name);
  });
  find('.first code').textContent = `${found.name}: ${found.code}`;
  find('.low').textContent = found.largest === null ? '' : scale(-found.largest);
  find('.high').textContent = found.largest === null ? '' : scale(found.largest);
  const part = found.count < found.total ? `The first ${found.count} of ${found.total}. ` : '';
  find('.first .how').textContent = found.largest === null
    ? 'The weights are no numbers any more: the run is lost.'
    : `${part}${whole ? 'One picture for each class: ' : found.kind === 'weights' ? 'One picture for each hidden unit: ' : 'Each filter makes one feature map: '}`
      + 'orange weights are above 0, blue ones below, black ones near 0.';
}

// --- a dozen pictures -------------------------------------------------------------------------------------------

async function showGlances() {
  const view = find('.glances');
  const list = shown.glances || [];
  if (view.children.length !== list.length || view.children[0]?.dataset.bars !== String(known.classes.length)) {
    view.replaceChildren(...list.map((one) => {
      const tile = make('li');
      const canvas = make('canvas');
      Object.assign(canvas, { width: 28, height: 28 });
      canvas.setAttribute('aria-hidden', 'true');
      const bars = make('div', undefined, 'bars');
      bars.append(...one.probabilities.map(() => make('i')));
      bars.setAttribute('aria-hidden', 'true');
      tile.dataset.bars = known.classes.length;
      tile.append(canvas, bars, make('b'), make('span'));
      return tile;
    }));
  }
  [...view.children].forEach((tile, n) => {
    const { index, label, probabilities } = list[n];
    const [canvas, bars, answer, truth] = tile.children;
    canvas.dataset.index = index;
    const best = probabilities.reduce((most, share, k) => ((share ?? 0) > (probabilities[most] ?? 0) ? k : most), 0);
    [...bars.children].forEach((bar, k) => {
      bar.style.setProperty('--share', probabilities[k] ?? 0);
      bar.className = `${k === label ? 'true' : ''} ${k === best ? 'best' : ''}`;
    });
    const right = best === label;
    tile.classList.toggle('wrong', !right);
    answer.textContent = `${right ? '✓' : '✗'} ${nameOf(best)} ${percent(probabilities[best], 0)}`;
    truth.textContent = right ? '' : `is ${nameOf(label)}, ${percent(probabilities[label], 0)}`;
    tile.title = probabilities.map((share, k) => `${nameOf(k)}: ${percent(share)}`).join('\n');
  });
  if (await fetched('validation', list.map((one) => one.index))) draw(view, 'validation');
}

const last = () => known.kept.length - 1;
const final = () => Boolean(known.report) && at >= last();
const counted = () => (final() ? { ...known.report, part: 'test' } : { ...shown, part: 'validation' });

// --- the end of a run -------------------------------------------------------------------------------------------

function showFinal() {
  const made = known.report;
  find('.final').hidden = !made;
  if (!made) return;
  find('.before').textContent = percent(made.before.accuracy);
  find('.after').textContent = percent(made.after.accuracy);
  const meaning = `Accuracy on the ${many(made.samples)} pictures of the test set, which the network was never trained on: first with the initial weights, then with the trained ones. ` +
    `Guessing gives about ${percent(1 / known.classes.length, 0)}. The loss went from ${short(made.before.loss)} to ${short(made.after.loss)}.` +
    (made.train ? ` On its own ${many(made.train_samples)} training samples the network reaches ${percent(made.train.accuracy)}.` : '');
  find('.meaning').textContent = meaning.replaceAll(' %', '\u00a0%');
  find('.classes').replaceChildren(...made.per_class.map((one, label) => {
    const row = make('li');
    const track = make('span', undefined, 'track');
    const bar = make('i');
    bar.style.width = `${100 * (one.accuracy ?? 0)}%`;
    track.append(bar);
    row.append(make('span', nameOf(label), 'name'), track, make('b', percent(one.accuracy)), make('small', `${many(one.right)} of ${many(one.samples)}`));
    return row;
  }));
  const words = (one) => [['b', `says ${nameOf(one.answer)}`], ['span', `${sure(one.confidence)} sure`], ['span', `is ${nameOf(one.label)}`], ['small', `#${many(one.index)}`]];
  find('.confident').previousElementSibling.hidden = find('.confident').hidden = !made.confident.length;
  fill(find('.confident'), 'test', made.confident, words);
  fill(find('.highest'), 'train', made.highest, (one) => [['b', `loss ${short(one.loss)}`],
    ['span', `says ${nameOf(one.answer)}`], ['span', `${sure(one.confidence)} sure`], ['span', `label ${nameOf(one.label)}`], ['small', `#${many(one.index)}`]]);
  ['.highest'].forEach((name) => {
    const none = !made.highest.length;
    find(name).hidden = find(name).previousElementSibling.hidden = find(name).previousElementSibling.previousElementSibling.hidden = none;
  });
}

// --- epochs -----------------------------------------------------------------------------------------------------

function showBar() {
  const slider = find('.slider');
  slider.max = Math.max(1, last() + 1);
  slider.value = at + 1;
  slider.disabled = last() < 1;
  find('.previous').disabled = at <= 0;
  find('.next').disabled = at >= last();
  find('.play').disabled = last() < 1;
}

function showFacts() {
  const facts = `Epoch ${shown.epoch} of ${known.epochs}: validation accuracy ${percent(shown.accuracy)}, validation loss ${short(shown.loss)}`;
  find('.facts').textContent = facts;
  find('.slider').setAttribute('aria-valuetext', facts);
}

async function show(place) {  // keys repeat faster than the network answers: only the last wish counts
  at = Math.min(Math.max(0, place), last());
  showBar();
  if (asking) { again = true; return; }
  asking = true;
  do {
    again = false;
    const mine = turn;
    const wish = known.kept[at];
    const found = seen.get(wish) || await ask('epoch', { run, epoch: wish });
    if (mine !== turn) { again = known !== null && known.kept.length > 0; continue; }
    if (found.problem) { say(found.problem); stop(); break; }
    seen.set(wish, found);
    if (wish !== known.kept[at]) { again = true; continue; }
    say('');
    shown = found;
    render();
  } while (again);
  asking = false;
}

function render() {
  showFacts();
  showKernels();
  showMatrix();
  showOpened();
  showGlances();
}

function stop() {
  clearTimeout(playing);
  playing = null;
  find('.play').textContent = 'Play';
}

function play() {
  find('.play').textContent = 'Pause';
  const tick = async () => {
    if (!element.isConnected || !known || at >= last()) return stop();
    await show(at + 1);
    if (playing !== null) playing = setTimeout(tick, PAUSE);
  };
  playing = setTimeout(async () => {
    if (at >= last()) { await show(0); playing = setTimeout(tick, PAUSE); } else tick();
  }, 0);
}

function go(number) {
  stop();
  following = number >= last();
  show(number);
}

// --- which run --------------------------------------------------------------------------------------------------

let loading = false;
let reload = false;

async function look() {  // the list of epochs, and the report when the run has ended
  if (loading) { reload = true; return; }
  loading = true;
  do {
    reload = false;
    const mine = turn;
    const found = await ask('overview', { run });
    if (mine !== turn) { reload = true; continue; }
    say(found.problem);
    if (found.problem) break;
    known = found;
    const some = known.kept.length > 0;
    find('.empty').hidden = some || Boolean(known.report);
    find('.empty').textContent = ENDED.includes(known.state)
      ? `${known.name}: nothing was kept that could be shown, because the run ended before its first epoch was over. ${known.said}`
      : 'The first epoch is on its way. After it the results are here.';
    find('.all').hidden = !find('.empty').hidden;
    find('.epochs').hidden = find('.pair').hidden = !some;
    find('.which').textContent = known.name;
    showFinal();
    if (some) await show(following || at > last() ? last() : at);
    else if (known.report) { at = -1; showMatrix(); showOpened(); }
    if (known && known.report) find('.live').textContent = `${known.name}: ${percent(known.report.after.accuracy)} of the test set right.`;
  } while (reload);
  loading = false;
}

function take(next) {
  if (next !== run) {
    stop();
    run = next;
    turn += 1;
    known = shown = opened = null;
    seen = new Map();
    kept = new Map();
    following = true;
    at = 0;
    find('.all').hidden = true;
  }
  look();
}

document.addEventListener('tp-run', (event) => {
  if (!element.isConnected || !event.detail || !event.detail.run) return;
  const fresh = event.detail.run !== live;
  live = event.detail.run;
  if (fresh || live === run) take(live);
});
document.addEventListener('tp-show', (event) => {
  if (!element.isConnected || !event.detail || !event.detail.run) return;
  take(event.detail.run);
  if (event.detail.run !== live || event.detail.scroll) element.scrollIntoView({ block: 'start' });
});

document.addEventListener('tp-runs', (event) => {
  if (!element.isConnected || !run || !event.detail) return;
  if (event.detail.renamed === run) look();
  if (event.detail.removed !== run) return;
  stop();
  turn += 1;
  run = known = shown = opened = null;
  find('.all').hidden = true;
  find('.empty').hidden = false;
  find('.empty').textContent = 'The run that stood here is removed.';
});

find('.slider').addEventListener('input', (event) => go(Number(event.target.value) - 1));
find('.previous').addEventListener('click', () => go(at - 1));
find('.next').addEventListener('click', () => go(at + 1));
find('.play').addEventListener('click', () => (playing === null ? play() : stop()));
find('.code pre').textContent = props.code;
