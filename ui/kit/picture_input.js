// The picture input: the paper, the other sources and the examples, and what goes to the server.
//
// Value: null (nothing there) or {kind: 'drawing' | 'photo' | 'auto', data: base64 of a picture file, turn: its number
//   on this page, which the answer repeats, draft: whether the pen still moves}. Once the server has the file, its
//   digest takes the place of the data.
// Events: 'input' about ten times a second while the pen moves, and once at the end of each stroke or choice.

import { makeButton } from './controls.js';
import { closest, findAll, finder, make } from './dom.js';
import { t } from './language.js';
import { bytes } from './paint.js';
import { onDigest, onSendAgain, setPicture } from './picture.js';
import { createPad, inkOf } from './picture_pad.js';
import { createCamera, fileReader, listenForFiles } from './picture_sources.js';
import { recall, remember } from './storage.js';

const EVERY_MS = 90;
const KEY = 'playground.paper';  // a reload brings the picture back
const MOST_KEPT = 512 * 1024;     // characters of a picture that is kept: a page has only some megabytes of storage

/** @param {string} address @param {(image: HTMLImageElement) => void} use */
function loadImage(address, use) {
  const image = new Image();
  image.onload = () => use(image);
  image.src = address;
}

/** @param {import('./control.js').Context} context */
export function mount({ element, props, server, trigger, constants }) {
  const find = finder(element);
  const button = (action) => find(`[data-do=${action}]`);
  const say = (sentence) => { find('.status').textContent = sentence; };
  const isVisible = () => element.offsetParent !== null;

  const pad = createPad(find('.paper'), {
    onStroke() { element.classList.add('used'); element.classList.remove('example'); sendSoon(); },
    onChange() { show(); keep(); send(); },
  });

  // --- what goes to the server --------------------------------------------------------------------------------------

  let timer = null;
  let lastTime = 0;
  let lastValue = null;    // that went to the server; undefined: it is to be sent again
  let wasDrawing = false;  // whether the pen was moving then
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
    const { isDrawing } = pad;
    const isSame = value?.kind === lastValue?.kind && value?.data === lastValue?.data;
    if (lastValue !== undefined && isSame && (isDrawing || !wasDrawing || !value)) return;   // the server keeps no drafts
    lastValue = value;
    wasDrawing = isDrawing;
    lastTime = performance.now();
    turn += 1;
    props.value = value && { ...value, turn, draft: isDrawing };
    trigger('input');
    setPicture(value && { ...value, turn }, isDrawing);
  }

  function sendSoon() {
    timer ??= setTimeout(send, Math.max(0, lastTime + EVERY_MS - performance.now()));
  }

  onSendAgain(element, () => {
    lastValue = undefined;
    send();
  });
  // from now on requests name the file that the server has
  onDigest(element, ({ kind, turn: answered, digest }) => { if (answered === turn) props.value = { kind, digest, turn }; });

  // --- paper and pictures -------------------------------------------------------------------------------------------

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
    button('undo').disabled = !pad.canUndo;
    button('redo').disabled = !pad.canRedo;
    button('clear').disabled = !pad.canUndo && !pad.isExample;
    element.classList.toggle('example', pad.isExample);
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
    remember(KEY, null);   // even when there is no room for the new one
    if (picture && picture.data.length > MOST_KEPT) return;
    if (picture || drawing) remember(KEY, { kind: picture?.kind, data: picture?.data, drawing });
  }

  /** The picture of before a reload, else an example. */
  function restore() {
    const { kind, data, drawing } = recall(KEY);
    if (kind) pad.addPicture({ kind, data, url: URL.createObjectURL(new Blob([bytes(data)])) });
    else loadImage(drawing ?? `data:image/png;base64,${constants.example}`, (image) => {
      if (pad.canUndo) return;
      const { width } = find('.paper');
      if (drawing) {
        const sheet = make('canvas');
        sheet.width = sheet.height = width;
        sheet.getContext('2d').drawImage(image, 0, 0);
        pad.addSketch(sheet);
      } else {
        pad.showExample(inkOf(image, width));
        show();
        send();
      }
    });
  }

  // --- examples -----------------------------------------------------------------------------------------------------

  let isFetching = false;

  async function drawExamples() {
    if (isFetching) return;
    isFetching = true;
    try {
      const examples = await server.examples(Math.floor(Math.random() * 2 ** 31));
      find('.thumbs').replaceChildren(...examples.map(exampleButton));
    } catch {
      say(t('The examples could not be fetched. Is the program still running?'));
    } finally {
      isFetching = false;
    }
  }

  function exampleButton({ kind, label, name, data }) {
    const isSketch = kind === 'drawing';
    const view = makeButton(null, () => {
      camera.stop();
      say('');
      if (isSketch) pad.addSketch(inkOf(image, find('.paper').width));
      else pad.addPicture({ data, url: image.src, kind: 'auto' });
    }, '');
    const image = make('img');
    image.src = `data:image/png;base64,${data}`;
    image.alt = t('Example: {name}', { name });
    image.draggable = false;
    view.title = isSketch ? t('{name} (sketch)', { name }) : t('{name} (picture)', { name });
    Object.assign(view.dataset, { kind, label });
    view.append(image);
    return view;
  }

  // --- buttons and keys ---------------------------------------------------------------------------------------------

  const readFile = fileReader({ take, say, most: constants.most });
  const pasteByButton = listenForFiles(element, { readFile, say, isVisible });
  const camera = createCamera(find('.camera'), { take, say });

  function leave() {
    say('');
    pad.leavePicture();
    find('[data-tool=pen]').focus();
  }

  const actions = {
    undo: () => pad.undo(),
    redo: () => pad.redo(),
    clear: () => pad.clear(),
    leave,
    upload: () => find('input[type=file]').click(),
    paste: pasteByButton,
    camera: () => (camera.isOn ? camera.stop() : camera.start()),
    shoot: () => camera.shoot(),
    switch: () => camera.next(),
    stop: () => { camera.stop(); say(''); },
    shuffle: drawExamples,
  };

  element.addEventListener('click', (event) => {
    const target = closest(event, 'button');
    if (!target) return;
    const { do: action, tool, width } = target.dataset;
    if (action) actions[action]();
    if (tool) pad.tool = tool;
    if (width) pad.width = Number(width);
    const group = tool ? '[data-tool]' : width ? '[data-width]' : null;
    if (group) for (const each of findAll(element, group)) each.setAttribute('aria-pressed', String(each === target));
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
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !isVisible()) return;
    if (closest(event, 'input:not([type=radio]):not([type=checkbox]), textarea, [contenteditable=true]')) return;
    const key = event.key.toLowerCase();
    const action = key === 'z' ? (event.shiftKey ? 'redo' : 'undo') : key === 'y' ? 'redo' : null;
    if (!action) return;
    event.preventDefault();
    actions[action]();
  });

  new ResizeObserver(() => { if (!isVisible()) camera.stop(); }).observe(element);

  drawExamples();
  restore();
}
