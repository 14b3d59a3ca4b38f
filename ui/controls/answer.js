// The answer: ten bars in the order of the classes, the sentence above them, and the 28x28 the network was given.
//
// Value: null, or {state, lead, name, percent, second, message, tone, spoken, top, probabilities, pixels, naive}
//   state: 'answer' | 'idle' | 'problem'; pixels: base64 of 784 bytes; naive: {probabilities, pixels, text} or null.

const text = (selector, words) => { find(selector).textContent = words || ''; };
const percent = (share) => (share > 0 && share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`);
const HOVER = 'Point at a pixel to read its number.';
const NAIVE = 'Most demos only turn the picture grey and squeeze it to 28 × 28. Switch on to see what that network would have said.';

const rows = props.classes.map((name) => {
  const row = document.createElement('li');
  const parts = ['label', 'track', 'number'].map((kind) => {
    const part = document.createElement('span');
    part.className = kind;
    row.append(part);
    return part;
  });
  parts[0].textContent = name;
  const bars = ['ours', 'theirs'].map((kind) => {
    const bar = document.createElement('i');
    bar.className = kind;
    parts[1].append(bar);
    return bar;
  });
  find('.bars').append(row);
  return { row, number: parts[2], bars };
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

function render() {
  const value = props.value || { state: 'idle' };
  const view = find('.answer');
  view.dataset.state = value.state;
  view.classList.remove('waiting');
  text('.lead', value.lead);
  text('.name', value.name);
  text('.percent', value.percent);
  text('.second', value.second);
  const message = find('.message');
  message.hidden = !value.message;
  message.textContent = value.message || '';
  message.dataset.tone = value.tone || '';
  find('.why').disabled = value.state !== 'answer';

  const compare = find('.compare').checked && value.naive;
  rows.forEach(({ row, number, bars }, i) => {
    const share = value.probabilities ? value.probabilities[i] : 0;
    const theirs = compare ? value.naive.probabilities[i] : 0;
    row.classList.toggle('top', value.state === 'answer' && i === value.top);
    bars[0].style.transform = `scaleX(${share})`;
    bars[1].style.transform = `scaleX(${theirs})`;
    number.textContent = value.probabilities ? percent(share) : '';
  });
  view.classList.toggle('comparing', Boolean(compare));

  pixels = bytes(value.pixels);
  paint(find('canvas.ours'), pixels);
  find('canvas.ours').setAttribute('aria-label', value.pixels ? 'The 28 by 28 grey picture the network was given' : 'Nothing yet');
  showReading();
  find('.naive').classList.toggle('on', find('.compare').checked);
  paint(find('canvas.theirs'), bytes(find('.compare').checked && value.naive ? value.naive.pixels : ''));
  text('.naive-text', !find('.compare').checked ? NAIVE : value.naive ? value.naive.text : 'Nothing to compare yet.');
  speak(value.spoken || '');

  paint(find('canvas.small'), pixels);
  text('.mini strong', value.name);
  text('.mini span', value.percent);
  showMini();
}

// On a phone the answer lies below the paper: while it is out of sight, a strip at the bottom of the screen tells it.
let inSight = true;
function showMini() {
  const state = find('.answer').dataset.state;
  find('.mini').hidden = inSight || state !== 'answer' || element.offsetParent === null;
}
new IntersectionObserver(([entry]) => { inSight = entry.isIntersecting; showMini(); }).observe(find('.headline'));
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
document.addEventListener('playground-picture', (event) => {
  // while the pen moves the next answer is there in a moment; a photo takes longer, and the old answer is not its
  if (!event.detail.drawing) find('.answer').classList.add('waiting');
});
watch('value', render);
render();
