// The answer: ten bars in the order of the classes, the sentence above them, and the 28x28 the network was given.
//
// Value: null, or {state, lead, name, percent, second, message, tone, spoken, top, probabilities, pixels, naive, rival,
//   turn, number}
//   state: 'answer' | 'idle' | 'problem'; pixels: base64 of 784 bytes; naive: {probabilities, pixels, text} or null.
//   turn: that of the picture which is answered; number: another one for each answer.
//   rival: the answer of a second network, a run of the visitor's own: {name, answer, percent, agreement, agrees} with
//   {top, probabilities} where its classes are the same ten, with {own: [[class, share], ...]} where they are others;
//   {problem} or {gone}, each a sentence, when it has no answer; or nothing.

const text = (selector, words) => { find(selector).textContent = words || ''; };
const percent = (share) => (share > 0 && share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`);
const HOVER = 'Point at a pixel to read its number.';
const AWAY = 'The server does not answer.';
const KEPT = 'Your picture is kept: it is classified as soon as the server is back.';
const PATIENCE = 1500;   // ms until an answer that has not come makes the page look for the server
const BETWEEN = 2000;    // ms between two looks
const MOST_LOOKS = 30;   // at a server that is there, but gives no answer
const NAIVE = 'Most demos only turn the picture grey and squeeze it to 28 × 28. Switch on to see what that network would have said.';

function barRow(list, kinds) {
  const row = document.createElement('li');
  const [label, track, number] = ['label', 'track', 'number'].map((kind) => make('span', '', kind));
  const bars = kinds.map((kind) => make('i', undefined, kind));
  track.append(...bars);
  row.append(label, track, number);
  list.append(row);
  return { row, label, number, bars };
}

const rows = props.classes.map((name) => {
  const made = barRow(find('.bars'), ['ours', 'theirs', 'run']);
  made.label.textContent = name;
  return made;
});

function bytes(base64) {
  return base64 ? Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)) : new Uint8Array(784);
}

function paint(canvas, values) {
  const pen = canvas.getContext('2d');
  const picture = pen.createImageData(28, 28);
  values.forEach((value, i) => picture.data.set([value, value, value, 255], 4 * i));
  pen.putImageData(picture, 0, 0);
}

let pixels = bytes('');
let pointed = null;
let speaking = null;
let ownRows = [];
let awaited = 0;   // turn of the picture whose answer is to come
let away = '';     // what is said while the server does not answer
let looking = 0;   // number of the look that goes on: an earlier one ends
let lastIdentity = String(window.gradio_config.app_id);   // of the server that was asked last

function showReading() {
  const cell = find('.cell');
  cell.hidden = pointed === null;
  if (pointed === null) return text('.reading', HOVER);
  const [x, y] = pointed;
  const value = pixels[28 * y + x];
  const normal = (value / 255 - props.mean) / props.std;
  cell.style.left = `${x / 0.28}%`;
  cell.style.top = `${y / 0.28}%`;
  const signed = `${normal < 0 ? '−' : '+'}${Math.abs(normal).toFixed(2)}`;
  text('.reading', `Row ${y}, column ${x}:\n${value} of 255, normalised ${signed}`);
}

function speak(words) {  // the pen moves ten times a second; only where it comes to rest is read out
  clearTimeout(speaking);
  speaking = setTimeout(() => text('.live', words), 700);
}

function showSecond(value, second) {  // the names of both answers in place of the one, and the run's own classes
  for (const part of ['.lead', '.headline', '.second']) find(part).hidden = Boolean(second);
  find('.versus').hidden = !second;
  find('.own').hidden = !(second && second.own);
  const mini = find('.mini');
  mini.classList.toggle('two', Boolean(second));
  text('.mini strong', away ? AWAY : second ? `${value.name} ${value.percent}` : value.name);
  text('.mini span', second ? `Yours: ${second.answer} ${second.percent}` : value.percent);
  if (value.rival && value.rival.gone) document.dispatchEvent(new CustomEvent('tp-rival-gone', { detail: value.rival.gone }));
  if (!second) return;
  text('.our-name', value.name);
  text('.our-share', value.percent);
  text('.run-title', `Your “${second.name}”`);
  text('.run-name', second.answer);
  text('.run-share', second.percent);
  text('.agreement', second.agreement);
  find('.versus').classList.toggle('differ', !second.agrees);
  find('.versus').classList.toggle('others', !second.agrees && Boolean(second.own));
  text('.own h3', `What your “${second.name}” says`);
  const own = second.own || [];
  if (find('.own-bars').children.length !== own.length) {
    find('.own-bars').replaceChildren();
    ownRows = own.map(() => barRow(find('.own-bars'), ['run']));
  }
  own.forEach(([name, share], i) => {
    ownRows[i].label.textContent = name;
    ownRows[i].label.title = name;
    ownRows[i].bars[0].style.width = `${100 * share}%`;
    ownRows[i].number.textContent = percent(share);
    ownRows[i].row.classList.toggle('top', i === 0);
  });
}

function render() {
  const value = away ? { state: 'problem', name: 'No answer', message: away, tone: 'warning', spoken: away } : props.value || { state: 'idle' };
  const view = find('.answer');
  view.dataset.state = value.state;
  view.classList.toggle('waiting', value.turn < awaited);
  text('.lead', value.lead);
  text('.name', value.name);
  text('.percent', value.percent);
  text('.second', value.second);
  const message = find('.message');
  message.hidden = !value.message;
  message.textContent = value.message || '';
  message.dataset.tone = value.tone || '';
  find('.why').disabled = value.state !== 'answer';

  const second = value.state === 'answer' && value.rival && value.rival.answer ? value.rival : null;
  const paired = second && second.probabilities;
  // a third bar a class would be too much: beside a second network the naive way is told in words
  const compare = !paired && find('.compare').checked && value.naive;
  rows.forEach(({ row, number, bars }, i) => {
    const share = value.probabilities ? value.probabilities[i] : 0;
    const theirs = compare ? value.naive.probabilities[i] : 0;
    row.classList.toggle('top', value.state === 'answer' && i === value.top);
    row.classList.toggle('run-top', Boolean(paired) && i === second.top);
    bars[0].style.transform = `scaleX(${share})`;
    bars[1].style.transform = `scaleX(${theirs})`;
    bars[2].style.width = paired ? `${100 * paired[i]}%` : '0';
    if (paired) number.replaceChildren(make('b', percent(share)), make('b', percent(paired[i])));
    else number.textContent = value.probabilities ? percent(share) : '';
  });
  view.classList.toggle('paired', Boolean(paired));
  view.classList.toggle('comparing', Boolean(compare));
  showSecond(value, second);

  pixels = bytes(value.pixels);
  paint(find('canvas.ours'), pixels);
  find('canvas.ours').setAttribute('aria-label', value.pixels ? 'The 28 by 28 grey picture the network was given' : 'Nothing yet');
  showReading();
  find('.naive').classList.toggle('on', find('.compare').checked);
  paint(find('canvas.theirs'), bytes(find('.compare').checked && value.naive ? value.naive.pixels : ''));
  text('.naive-text', !find('.compare').checked ? NAIVE : value.naive ? value.naive.text : 'Nothing to compare yet.');
  speak(value.spoken || '');

  paint(find('canvas.small'), pixels);
  showMini();
}

// On a phone the answer lies below the paper: while it is out of sight, a strip at the bottom of the screen tells it.
let inSight = true;
function showMini() {
  const state = find('.answer').dataset.state;
  find('.mini').hidden = inSight || (state !== 'answer' && !away) || element.offsetParent === null;
}
new IntersectionObserver(([entry]) => { inSight = entry.isIntersecting; showMini(); }).observe(find('.verdict'));
find('.mini').addEventListener('click', () => find('.answer').scrollIntoView({ behavior: 'smooth', block: 'start' }));

const canvas = find('canvas.ours');
function point(event) {
  const box = canvas.getBoundingClientRect();
  const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  pointed = at.map((share) => Math.min(27, Math.max(0, Math.floor(share * 28))));
  showReading();
}
canvas.addEventListener('pointermove', point);
canvas.addEventListener('pointerdown', point);
canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') { pointed = null; showReading(); } });
canvas.addEventListener('blur', () => { pointed = null; showReading(); });
canvas.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step) return;
  event.preventDefault();
  pointed = (pointed || [14, 14]).map((at, i) => Math.min(27, Math.max(0, at + step[i])));
  showReading();
});

find('.compare').addEventListener('change', render);
find('.why').addEventListener('click', () => trigger('submit'));
// Gradio tells no script that a question was lost: when no answer comes, the page looks whether the server is there.
async function look(turn) {
  const number = ++looking;
  const over = () => number !== looking || (turn ? props.value?.turn >= turn : props.value?.turn === undefined);
  await pause(PATIENCE);
  for (let looks = 0; looks < MOST_LOOKS && !over(); looks += away ? 0 : 1) {
    const identity = await serverIdentity();
    if (over()) return;
    if (identity && (away || identity !== lastIdentity)) {   // the question went with the server
      lastIdentity = identity;
      setAway('');
      document.dispatchEvent(new CustomEvent('playground-again'));
      return;
    }
    setAway(identity ? '' : turn ? `${AWAY} ${KEPT}` : AWAY);
    await pause(BETWEEN);
  }
}

function setAway(sentence) {
  if (away === sentence) return;
  away = sentence;
  render();
}

document.addEventListener('playground-picture', (event) => {
  look(event.detail.turn);
  // while the pen moves the next answer is there in a moment; a photo takes longer, and the old answer is not its
  if (event.detail.drawing) return;
  awaited = event.detail.turn;
  find('.answer').classList.toggle('waiting', awaited > 0);
});
watch('value', () => { away = ''; render(); });
render();
