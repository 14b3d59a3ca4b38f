// The picture input: the paper, the other sources and the examples together, and what of it goes to the server.
//
// Value: null (nothing there) or {kind: 'drawing' | 'photo' | 'auto', data: base64 of a picture file, turn: its number
//   on this page, which the answer repeats}.
// Events: 'input' about ten times a second while the pen moves, and once at the end of each stroke or choice.

const EVERY_MS = 90;
const KEPT = 'playground.paper';  // a reload brings the picture back
const MOST_KEPT = 512 * 1024;     // characters of a picture that is kept: a browser gives all of a page some megabytes

const find = (selector) => element.querySelector(selector);
const act = (name) => find(`[data-do=${name}]`);
const say = (sentence) => { find('.said').textContent = sentence; };
const visible = () => element.offsetParent !== null;

// --- what goes to the server ----------------------------------------------------------------------------------------

let timer = null;
let sentAt = 0;
let sent = null;
let turn = 0;

function current() {
  const picture = pad.picture();
  if (picture) return { kind: picture.kind, data: picture.data };
  const data = pad.png();
  return data ? { kind: 'drawing', data } : null;
}

function send() {
  clearTimeout(timer);
  timer = null;
  const value = current();
  if (value === sent || (value && sent && value.kind === sent.kind && value.data === sent.data)) return;
  sent = value;
  sentAt = performance.now();
  turn += 1;
  props.value = value && { ...value, turn };
  trigger('input');
  document.dispatchEvent(new CustomEvent('playground-picture', { detail: { drawing: pad.drawing, turn: value ? turn : 0 } }));
}

function sendSoon() {
  if (timer === null) timer = setTimeout(send, Math.max(0, sentAt + EVERY_MS - performance.now()));
}

// An answer did not come, and the server is back.
document.addEventListener('playground-again', () => {
  sent = undefined;
  send();
});

// --- paper and pictures ---------------------------------------------------------------------------------------------

const pad = makePad(find('.paper'), {
  onStroke() { element.classList.add('used'); sendSoon(); },
  onChange() { show(); keep(); send(); },
});

function show() {
  const picture = pad.picture();
  const image = find('.picture');
  find('.tools').hidden = picture !== null;
  find('.kinds').hidden = picture === null;
  find('.paper').classList.toggle('covered', picture !== null);
  image.hidden = picture === null;
  find('.no-preview').hidden = true;
  if (picture && image.src !== picture.url) image.src = picture.url;
  if (picture) find(`input[value=${picture.kind}]`).checked = true;
  element.classList.toggle('used', pad.canUndo);
  act('undo').disabled = !pad.canUndo;
  act('redo').disabled = !pad.canRedo;
  act('clear').disabled = !pad.canUndo;
}

find('.picture').addEventListener('error', () => {
  if (!pad.picture()) return;
  find('.picture').hidden = true;
  find('.no-preview').hidden = false;
});

function take(picture) {
  camera.stop();
  pad.addPicture(picture);
}

function keep() {
  const picture = pad.picture();
  const drawing = !picture && pad.png() ? pad.copy().toDataURL('image/png') : null;
  try {
    sessionStorage.removeItem(KEPT);   // also where there is no room for the new one
    if (picture && picture.data.length > MOST_KEPT) return;
    const { kind, data } = picture || {};
    if (picture || drawing) sessionStorage.setItem(KEPT, JSON.stringify({ kind, data, drawing }));
  } catch { /* a browser may forbid storage: the picture then lasts as long as the page */ }
}

function restore() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEPT)); } catch { /* as above */ }
  if (kept?.kind) {
    const bytes = Uint8Array.from(atob(kept.data), (letter) => letter.charCodeAt(0));
    pad.addPicture({ kind: kept.kind, data: kept.data, url: URL.createObjectURL(new Blob([bytes])) });
  }
  if (!kept?.drawing) return;
  const image = new Image();
  image.onload = () => {
    if (pad.canUndo) return;
    const sheet = document.createElement('canvas');
    sheet.width = sheet.height = find('.paper').width;
    sheet.getContext('2d').drawImage(image, 0, 0);
    pad.addSketch(sheet);
  };
  image.src = kept.drawing;
}

// --- examples -------------------------------------------------------------------------------------------------------

let drawingExamples = false;

async function drawExamples() {
  if (drawingExamples) return;
  drawingExamples = true;
  try {
    const examples = await server.examples(Math.floor(Math.random() * 2 ** 31));
    find('.thumbs').replaceChildren(...examples.map((example) => {
      const button = document.createElement('button');
      const image = document.createElement('img');
      image.src = `data:image/png;base64,${example.data}`;
      image.alt = `Example: ${example.name}`;
      image.draggable = false;
      button.type = 'button';
      button.title = `${example.name} (${example.kind === 'drawing' ? 'sketch' : 'picture'})`;
      button.dataset.kind = example.kind;
      button.dataset.label = example.label;
      button.append(image);
      button.addEventListener('click', () => {
        camera.stop();
        say('');
        if (example.kind === 'drawing') pad.addSketch(inkOf(image, find('.paper').width));
        else pad.addPicture({ data: example.data, url: image.src, kind: 'auto' });
      });
      return button;
    }));
  } catch {
    say('The examples could not be fetched. Is the program still running?');
  } finally {
    drawingExamples = false;
  }
}

// --- buttons and keys -----------------------------------------------------------------------------------------------

const readFile = makeFileReader({ take, say, mostBytes: props.most_bytes });
const pasteByButton = listenForFiles(element, { readFile, say, visible });
const camera = makeCamera(find('.camera'), { take, say });

function leave() {
  say('');
  pad.leavePicture();
  find('[data-tool=pen]').focus();
}

const deeds = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  leave,
  upload: () => find('input[type=file]').click(),
  paste: pasteByButton,
  camera: () => (camera.on ? camera.stop() : camera.start()),
  shoot: () => camera.shoot(),
  switch: () => camera.next(),
  stop: () => { camera.stop(); say(''); },
  shuffle: drawExamples,
};

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.do) return deeds[button.dataset.do]();
  const group = button.dataset.tool ? '[data-tool]' : button.dataset.width ? '[data-width]' : null;
  if (!group) return;
  if (button.dataset.tool) pad.tool = button.dataset.tool;
  else pad.width = Number(button.dataset.width);
  for (const other of element.querySelectorAll(group)) other.setAttribute('aria-pressed', String(other === button));
});

find('input[type=file]').addEventListener('change', (event) => {
  const [file] = event.target.files;
  event.target.value = '';  // so that the same file can be chosen again
  if (file) readFile(file);
});

find('.kinds').addEventListener('change', (event) => {
  const picture = pad.picture();
  if (!picture) return;
  picture.kind = event.target.value;
  keep();
  send();
});

document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || !visible()) return;
  if (event.target.closest?.('input:not([type=radio]):not([type=checkbox]), textarea, [contenteditable=true]')) return;
  const key = event.key.toLowerCase();
  const deed = key === 'z' ? (event.shiftKey ? 'redo' : 'undo') : key === 'y' ? 'redo' : null;
  if (!deed) return;
  event.preventDefault();
  deeds[deed]();
});

new ResizeObserver(() => { if (!visible()) camera.stop(); }).observe(element);

drawExamples();
restore();
