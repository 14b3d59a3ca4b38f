// The form that adds a layer: at the end of the stack, or temporarily behind one of its layers.

import { makeSelect } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { isFork, toolButton } from './stack_rows.js';

/** @typedef {import('./stack_rows.js').Item} Item */
/** @typedef {{ after?: string, branch?: number }} Position behind the layer of that name, at the start of that branch, else at the end */

/** What the form says about a position. @param {Position} position */
function sentences({ after, branch }) {
  if (after) return { title: t('Add a layer after {layer}', { layer: after }), label: t('Layer to add after {layer}', { layer: after }) };
  if (branch) {
    return {
      title: t('Add a layer at the start of branch {number}', { number: branch }),
      label: t('Layer to add at the start of branch {number}', { number: branch }),
    };
  }
  return { title: t('Add a layer at the end'), label: t('Layer to add at the end') };
}

/**
 * @param {HTMLFormElement} form
 * @param {Position} position
 * @param {Item[]} choices a new layer of each kind
 * @param {(item: Item) => void} add
 */
export function fillAdder(form, position, choices, add) {
  const { title: text, label } = sentences(position);
  const select = makeSelect(choices.map(({ kind }) => [kind, kind]), label);
  const button = make('button', t('Add'), 'button');
  button.type = 'submit';
  const title = make('span', text);
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
 * @param {{ position: Position, choices: Item[], full: number, add: (item: Item) => void }} options full: the number of
 *   layers where no other fits, else 0
 */
export function openAdder(table, host, { position, choices, full, add }) {
  table.querySelector('.adder.here')?.remove();
  const form = make('form', undefined, 'adder here');
  const { title, select, button } = fillAdder(form, position, choices, add);
  button.disabled = full > 0;
  if (full) title.textContent = t('Full: {count} layers are the most', { count: full });
  const close = toolButton('cancel', '×', t('Add no layer'), () => {
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
