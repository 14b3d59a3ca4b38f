// The visitor's picture. Classify's picture input puts it here; other parts of the page ask the server about it, too. The
// file goes to the server once. From then on its digest names it; only a server that has lost it gets it again.

import { reply } from './latest.js';
import { signal } from './signal.js';

/**
 * @typedef {object} Picture
 * @property {string} kind what the visitor says it is: auto, photo or drawing
 * @property {string} data base64 of the file
 * @property {number} turn its number on this page
 * @property {string} [digest] by which the server knows the file
 */
/** @typedef {{ turn: number, isDrawing: boolean }} Change turn: 0 where the paper is empty; isDrawing: the pen still moves */

/** @type {import('./signal.js').Signal<Change>} */
const changes = signal();
/** @type {import('./signal.js').Signal<Picture>} */
const digests = signal();
/** @type {import('./signal.js').Signal<null>} */
const repeats = signal();

/** @type {Picture | null} */
let current = null;

export const getPicture = () => current;

/** @param {HTMLElement} element @param {(change: Change) => unknown} listener is called when there is another picture */
export const onPicture = (element, listener) => changes.listen(element, listener);

/** @param {HTMLElement} element @param {(picture: Picture) => unknown} listener is called when the server knows the picture */
export const onDigest = (element, listener) => digests.listen(element, listener);

/** @param {HTMLElement} element @param {() => unknown} listener is called when the file is to be sent again */
export const onSendAgain = (element, listener) => repeats.listen(element, listener);

/** Asks the picture input to send the file again. */
export const sendAgain = () => repeats.send(null);

/** @param {Picture | null} picture null for an empty paper @param {boolean} isDrawing */
export function setPicture(picture, isDrawing) {
  current = picture;
  changes.send({ turn: picture?.turn ?? 0, isDrawing });
}

/** Notes that the server has the file of the picture with that turn. @param {number} turn @param {string} digest */
export function noteDigest(turn, digest) {
  if (current?.turn !== turn || current.digest === digest) return;
  current.digest = digest;
  digests.send(current);
}

/**
 * The server's answer about the picture, which must exist.
 *
 * @param {(request: object) => Promise<any>} call a function of `server`
 * @returns {Promise<any>} with {problem} without an answer
 */
export async function askAboutPicture(call) {
  const { kind, data, digest } = /** @type {Picture} */ (current);
  const answer = digest ? await reply(call, { kind, digest }) : { missing: true };
  return answer.missing ? reply(call, { kind, data }) : answer;
}
