// The form that adds a layer: at the end of the stack, or for a while behind one of its layers.

import { make } from '../kit/dom.js';
import { isFork, toolButton } from './stack_rows.js';

/** @typedef {import('./stack_rows.js').Item} Item */

/**
 * @param {HTMLFormElement} form
 * @param {string} words where the layer goes
 * @param {Item[]} choices a new layer of each kind
 * @param {(item: Item) => void} add
 */
export function fillAdder(form, words, choices, add) {
  const select = make('select');
  select.setAttribute('aria-label', `Layer to add ${words}`);
  select.append(...choices.map(({ kind }) => new Option(kind, kind)));
  const button = make('button', 'Add', 'button');
  button.type = 'submit';
  const title = make('span', `Add a layer ${words}`);
  form.append(title, select, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    add(structuredClone(choices[select.selectedIndex]));
  });
  return { title, select, button };
}

/**
 * Opens a form in a row, with the focus in it; any other that is open closes.
 *
 * @param {HTMLElement} table
 * @param {HTMLElement} host
 * @param {{ words: string, choices: Item[], full: number, add: (item: Item) => void }} options full: the number of layers
 *   where no other fits, else 0
 */
export function openAdder(table, host, { words, choices, full, add }) {
  table.querySelector('.adder.here')?.remove();
  const form = make('form', undefined, 'adder here');
  const { title, select, button } = fillAdder(form, words, choices, add);
  button.disabled = full > 0;
  if (full) title.textContent = `Full: ${full} layers are the most`;
  const close = toolButton('cancel', '×', 'Add no layer', () => {
    form.remove();
    /** @type {HTMLElement | null} */ (host.querySelector('.plus, .button'))?.focus();
  });
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') close.click(); });
  form.append(close);
  host.append(form);
  select.focus({ preventScroll: true });
  form.scrollIntoView({ block: 'nearest' });
}

/** The choices for a branch: it has no branches of its own. @param {Item[]} choices */
export const withoutForks = (choices) => choices.filter((item) => !isFork(item));
