// Pictures from elsewhere than the pen: a file, the clipboard, the camera.

import { finder } from './dom.js';
import { t } from './language.js';
import { turns } from './latest.js';
import { forServer, toFile } from './picture_convert.js';

const LONGEST_PHOTO = 1024;  // pixels of the longer side of a photo of the camera

/**
 * @typedef {object} Receiver
 * @property {(picture: import('./picture_pad.js').Picture) => void} take gets each picture
 * @property {(sentence: string) => void} say shows what is going on, or what went wrong
 */

/** @param {Blob} blob @returns {Promise<string>} */
function toBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(',')[1]);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/**
 * @param {Receiver & { most: import('./picture_convert.js').Limits }} options
 * @returns {(file: Blob, note?: string) => Promise<void>}
 */
export function fileReader({ take, say, most }) {
  const begin = turns();  // of two drops in a row the second counts, however long the first takes to shrink
  return async function readFile(file, note = '') {
    const isNewest = begin();
    if (file.size === 0) return say(t('This file is empty.'));
    try {
      const sent = await forServer(file, most, say);
      const data = sent.file && await toBase64(sent.file);
      if (!isNewest()) return;
      say([note, sent.note].filter(Boolean).join(' '));
      if (sent.file) take({ data, url: URL.createObjectURL(sent.file), kind: 'auto' });
    } catch {
      say(t('The browser could not read this file. Was it moved or deleted?'));
    }
  };
}

/**
 * Reads files that are dropped or pasted anywhere on the tab.
 *
 * @param {HTMLElement} element
 * @param {{ readFile: ReturnType<typeof fileReader>, say: Receiver['say'], isVisible: () => boolean }} options
 * @returns {() => Promise<void>} reads a picture from the clipboard at the press of a button
 */
export function listenForFiles(element, { readFile, say, isVisible }) {
  const noPicture = t('There is no picture in the clipboard: copy a picture first.');
  const readFirst = (files) =>
    readFile(files[0], files.length > 1 ? t('One picture at a time: the first of {count} is used.', { count: files.length }) : '');
  let depth = 0;
  const showDrop = (on) => element.classList.toggle('dragging', on);
  const concernsUs = (event) => isVisible() && Boolean(event.dataTransfer?.types.length);

  const listeners = {
    dragenter(event) { if (concernsUs(event)) { event.preventDefault(); depth++; showDrop(true); } },
    dragover(event) { if (concernsUs(event)) { event.preventDefault(); event.dataTransfer.dropEffect = 'copy'; } },
    dragleave() { depth = Math.max(0, depth - 1); if (!depth) showDrop(false); },
    drop(event) {
      depth = 0;
      showDrop(false);
      if (!concernsUs(event)) return;
      event.preventDefault();  // else the browser would leave the page and show the file
      const files = [...event.dataTransfer.files];
      if (files.length) readFirst(files);
      else say(t('Only files can be dropped. Copy the picture and press Ctrl+V instead.'));
    },
    paste(event) {
      if (!isVisible() || event.target.closest?.('input[type=text], textarea, [contenteditable=true]')) return;
      const files = [...(event.clipboardData?.files || [])];
      if (files.length) { event.preventDefault(); readFirst(files); } else say(noPicture);
    },
  };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener);

  return async function pasteByButton() {
    if (!navigator.clipboard?.read) return say(t('In this browser only the keyboard can paste: press Ctrl+V.'));
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((name) => name.startsWith('image/'));
        if (type) return readFile(await item.getType(type));
      }
      say(noPicture);
    } catch (error) {
      say(/** @type {DOMException} */ (error).name === 'NotAllowedError'
        ? t('The browser did not allow reading the clipboard. Press Ctrl+V instead.') : noPicture);
    }
  };
}

/**
 * @param {HTMLElement} panel visible while the camera is on
 * @param {Receiver} receiver
 */
export function createCamera(panel, { take, say }) {
  const find = finder(panel);
  const video = find('video');
  const switcher = find('[data-do=switch]');
  const shutter = find('[data-do=shoot]');
  const sentences = {
    NotAllowedError: t('The camera was refused. Allow it beside the address of this page, or upload a photo.'),
    NotFoundError: t('No camera was found. Upload a photo instead.'),
    OverconstrainedError: t('No camera was found. Upload a photo instead.'),
    NotReadableError: t('The camera is in use by another program. Close that and try again.'),
  };
  /** @type {MediaStream | null} */
  let stream = null;
  const begin = turns();  // a stop counts even while the browser asks for permission
  /** @type {MediaDeviceInfo[]} */
  let cameras = [];

  function stop() {
    begin();
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    panel.hidden = true;
  }

  /** @param {string} [deviceId] */
  async function start(deviceId) {
    if (!navigator.mediaDevices?.getUserMedia) {
      return say(window.isSecureContext ? t('This browser has no access to a camera. Upload a photo instead.')
        : t('Browsers allow a camera only on secure pages: open this one through https or on localhost.'));
    }
    stop();
    const isNewest = begin();
    say(t('Waiting for the camera…'));
    const choice = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: 'environment' } };
    let newStream = null;
    try {
      newStream = await navigator.mediaDevices.getUserMedia({ video: { ...choice, width: { ideal: 1280 } }, audio: false });
    } catch (error) {
      if (isNewest()) say(sentences[/** @type {DOMException} */ (error).name] ?? t('The camera could not be opened. Upload a photo instead.'));
      return;
    }
    if (!isNewest()) return newStream.getTracks().forEach((track) => track.stop());
    stream = newStream;
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', () => { if (stream === newStream) { stop(); say(t('The camera was switched off.')); } });
    panel.classList.toggle('mirrored', track.getSettings?.().facingMode === 'user');
    video.srcObject = stream;
    shutter.disabled = true;  // until it shows something
    panel.hidden = false;
    say(t('Hold one garment in front of a plain background.'));
    await video.play().catch(() => {});
    if (!isNewest()) return;
    shutter.disabled = false;
    shutter.focus();
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    if (!isNewest()) return;
    cameras = devices.filter((device) => device.kind === 'videoinput');
    switcher.hidden = cameras.length < 2;
  }

  async function shoot() {
    if (!stream || !video.videoWidth) return say(t('The camera shows nothing yet. Wait a moment and try again.'));
    const blob = await toFile(video, video.videoWidth, video.videoHeight,
      Math.min(LONGEST_PHOTO, Math.max(video.videoWidth, video.videoHeight)));
    stop();
    say('');
    take({ data: await toBase64(blob), url: URL.createObjectURL(blob), kind: 'photo' });
  }

  function next() {
    const current = stream?.getVideoTracks()[0]?.getSettings().deviceId;
    const i = cameras.findIndex((device) => device.deviceId === current);
    start(cameras[(i + 1) % cameras.length].deviceId);
  }

  panel.addEventListener('keydown', (event) => { if (event.key === 'Escape') { stop(); say(''); } });
  document.addEventListener('visibilitychange', () => { if (document.hidden) stop(); });
  return { start, stop, shoot, next, get isOn() { return stream !== null; } };
}
