// The choices in the form of the Train tab. The form owns them; the search for good settings and the advice after a lost run
// read them and request changes.

import { signal } from '../kit/signal.js';

/** @typedef {Record<string, string | number | boolean | null>} Recipe by field; fields that do not apply are left out */
/** @typedef {{ recipe: Recipe, token: string | null }} Choices token: the secret of the visitor's own pictures */

/** @type {import('../kit/signal.js').Signal<Choices>} */
const changes = signal();
/** @type {import('../kit/signal.js').Signal<Recipe>} */
const requests = signal();
/** @type {Choices | null} */
let choices = null;

/** @returns {Choices | null} null until the form is there */
export const getChoices = () => choices;

/** For the form alone. @param {Choices} next */
export function setChoices(next) {
  choices = next;
  changes.send(next);
}

/** @param {HTMLElement} element @param {(choices: Choices) => unknown} listener called after every change */
export const onChoices = (element, listener) => changes.listen(element, listener);

/** Asks the form to change these fields. @param {Recipe} fields */
export const choose = (fields) => requests.send(fields);

/** For the form alone. @param {HTMLElement} element @param {(fields: Recipe) => unknown} listener */
export const onChoose = (element, listener) => requests.listen(element, listener);
