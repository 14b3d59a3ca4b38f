// The rows of the stack's table: layers with fields, branches with layers of their own, and the lines of a network that is
// only shown.

import { makeButton, makeSelect } from '../kit/controls.js';
import { make, makeName } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { figureCells } from './stack_figures.js';
import { argumentField } from './stack_fields.js';

/** @typedef {import('./stack_figures.js').Figures} Figures */
/** @typedef {import('./stack_fields.js').Argument} Argument */
/** @typedef {{ kind: string, params: Record<string, number | boolean> }} Layer */
/** @typedef {{ kind: string, join: string, branches: Layer[][] }} Fork branches that all see the same input, and are joined */
/** @typedef {Layer | Fork} Item */
/**
 * @typedef {object} Line what has figures
 * @property {string} path "2", or "7.1.0" in a branch
 * @property {Item} item
 * @property {HTMLElement} view the row
 * @property {HTMLElement} body the part that is marked where PyTorch stops
 * @property {HTMLElement} bar the buttons of the row
 * @property {ReturnType<typeof figureCells>} showFigures
 * @property {HTMLElement} detail
 * @property {HTMLElement} note
 * @property {Map<string, HTMLInputElement>} inputs by argument
 * @property {HTMLElement} [more] the fields that one click shows
 */
/**
 * @typedef {object} Actions what the buttons of the rows do; `siblings` is the list that has the layer
 * @property {() => void} change a number or a join of the stack was changed
 * @property {() => void} fill shows the figures again
 * @property {(siblings: Item[], from: number, by: number) => void} move
 * @property {(siblings: Item[], at: number) => void} remove
 * @property {(siblings: Item[], at: number, host: HTMLElement, position: import('./stack_adder.js').Position) => void} openAdder
 * @property {(fork: Fork) => void} addBranch
 * @property {(fork: Fork, number: number) => void} removeBranch
 */

/** @param {Item} item @returns {item is Fork} */
export const isFork = (item) => 'branches' in item;

/** A small button. @param {string} name @param {string} sign @param {string} label @param {() => void} act */
export function toolButton(name, sign, label, act) {
  const button = make('button', sign, `tool ${name}`);
  Object.assign(button, { type: 'button', title: label });
  button.setAttribute('aria-label', label);
  button.addEventListener('click', act);
  return button;
}

/**
 * @param {{ kinds: Record<string, Argument[]>, joins: Record<string, { label: string, code: string }>, most: { branches: number } }} constants
 * @param {Actions} actions
 * @returns {(stack: Item[]) => { rows: HTMLElement[], lines: Line[] }} draws a stack; the lines in its order
 */
export function makeRows({ kinds, joins, most }, actions) {
  const opened = new WeakSet();  // layers that show all their numbers

  /** @param {Item[]} siblings @param {number} at @param {string} where @param {HTMLElement} view */
  function tools(siblings, at, where, view) {
    const bar = make('div', undefined, 'tools');
    const up = toolButton('up', '↑', t('Move {layer} up', { layer: where }), () => actions.move(siblings, at, -1));
    const down = toolButton('down', '↓', t('Move {layer} down', { layer: where }), () => actions.move(siblings, at, 1));
    up.disabled = at === 0;
    down.disabled = at === siblings.length - 1;
    bar.append(
      toolButton('plus', '+', t('Add a layer after {layer}', { layer: where }), () => actions.openAdder(siblings, at + 1, view, { after: where })),
      up, down,
      toolButton('remove', '×', t('Remove {layer}', { layer: where }), () => actions.remove(siblings, at)),
    );
    return bar;
  }

  /** The fields that are hidden until a click, and the button for it. @param {Layer} layer @param {string} where @param {HTMLElement[]} fields */
  function moreFields(layer, where, fields) {
    const more = make('div', undefined, 'more');
    more.append(...fields);
    more.hidden = !opened.has(layer);
    const button = toolButton('dots', '⋯', t('More numbers of {layer}', { layer: where }), () => {
      more.hidden = !more.hidden;
      if (more.hidden) opened.delete(layer);
      else opened.add(layer);
      button.setAttribute('aria-expanded', String(!more.hidden));
      actions.fill();
    });
    button.setAttribute('aria-expanded', String(!more.hidden));
    return { more, button };
  }

  /** @param {Layer[]} siblings @param {number} at @param {number[]} path @param {Line[]} lines the new line is added */
  function layerRow(siblings, at, path, lines) {
    const layer = siblings[at];
    const where = path.length === 1 ? `${at + 1}. ${layer.kind}` : t('{layer} of branch {number}', { layer: `${at + 1}. ${layer.kind}`, number: path[1] + 1 });
    const view = make('li', undefined, 'row');
    view.tabIndex = -1;
    const row = make('div', undefined, 'line');
    const [hint, note, detail] = [make('p', undefined, 'hint'), make('p', undefined, 'note'), make('small', undefined, 'detail')];
    hint.hidden = true;
    const name = make('div', undefined, 'name');
    name.append(make('b', `${at + 1}. ${layer.kind}`), detail);

    const inputs = new Map();
    const field = (/** @type {Argument} */ argument) => {
      const { label, input } = argumentField(argument, layer.params, { where, hint, onChange: actions.change });
      inputs.set(argument.name, input);
      return label;
    };
    const fields = make('div', undefined, 'fields');
    fields.append(...kinds[layer.kind].filter(({ main }) => main).map(field));
    const others = kinds[layer.kind].filter(({ main }) => !main).map(field);
    const hidden = others.length ? moreFields(layer, where, others) : null;
    if (hidden) fields.append(hidden.button, hidden.more);

    row.append(name, fields);
    const showFigures = figureCells(row);
    const bar = tools(siblings, at, where, view);
    row.append(bar);
    view.append(row, hint, note);
    lines.push({ path: path.join('.'), item: layer, view, body: view, bar, showFigures, detail, note, inputs, more: hidden?.more });
    return view;
  }

  /** @param {Fork} fork @param {number} number @param {number} at place of the fork @param {Line[]} lines */
  function branchRow(fork, number, at, lines) {
    const layers = fork.branches[number];
    const view = make('li', undefined, 'branch');
    const place = make('div', undefined, 'place');
    const head = make('div', undefined, 'branch-head');
    head.append(make('b', t('Branch {number}', { number: number + 1 })));
    if (!layers.length) head.append(make('span', t('no layer: passes its input on'), 'pass'));
    const bar = make('div', undefined, 'tools');
    // after a layer there is a button of its own
    const title = t('Add a layer at the start of branch {number}', { number: number + 1 });
    bar.append(toolButton('plus', '+', title, () => actions.openAdder(layers, 0, place, { branch: number + 1 })));
    if (fork.branches.length > 2) {
      bar.append(toolButton('remove', '×', t('Remove branch {number} of layer {layer}', { number: number + 1, layer: at + 1 }), () => actions.removeBranch(fork, number)));
    }
    head.append(bar);
    place.append(head);
    const list = make('ol', undefined, 'layers');
    list.setAttribute('aria-label', t('Layers of branch {number}', { number: number + 1 }));
    list.append(...layers.map((_, n) => layerRow(layers, n, [at, number, n], lines)));
    view.append(place, list);
    return view;
  }

  /** @param {Fork} fork @param {string} where */
  function joinChoice(fork, where) {
    const label = make('label', undefined, 'join');
    const select = makeSelect(Object.entries(joins).map(([join, words]) => [join, words.label]), t('How {layer} are joined', { layer: where }), (join) => {
      fork.join = join;
      actions.change();
    });
    select.value = fork.join;
    label.append(make('span', t('joined by')), select);
    return label;
  }

  /** @param {Item[]} siblings @param {number} at @param {Line[]} lines */
  function forkRow(siblings, at, lines) {
    const fork = /** @type {Fork} */ (siblings[at]);
    const where = `${at + 1}. ${fork.kind}`;
    const view = make('li', undefined, 'row group');
    view.tabIndex = -1;
    const head = make('div', undefined, 'group-head');
    const add = makeButton(t('Add a branch'), () => actions.addBranch(fork), 'button small');
    add.disabled = fork.branches.length >= most.branches;
    const bar = tools(siblings, at, where, view);
    head.append(make('b', where), make('span', t('all see the same input'), 'pass'), joinChoice(fork, where), add, bar);
    const list = make('ol', undefined, 'branches');
    list.append(...fork.branches.map((_, number) => branchRow(fork, number, at, lines)));

    const body = make('div', undefined, 'joint');
    const row = make('div', undefined, 'line joined');
    const [name, detail, note] = [make('div', undefined, 'name'), make('b'), make('p', undefined, 'note')];
    name.append(detail);
    row.append(name);
    const showFigures = figureCells(row);
    row.append(make('div', undefined, 'tools'));
    body.append(row, note);
    view.append(head, list, body);
    lines.push({ path: `${at}`, item: fork, view, body, bar, showFigures, detail, note, inputs: new Map() });
    return view;
  }

  return (stack) => {
    /** @type {Line[]} */
    const lines = [];
    const rows = stack.map((item, at) => (isFork(item) ? forkRow(stack, at, lines) : layerRow(/** @type {Layer[]} */ (stack), at, [at], lines)));
    return { rows, lines };
  };
}

/** A row of a network that is only shown. @param {Figures & { name: string }} record */
export function recordRow(record) {
  const view = make('li', undefined, 'row');
  const row = make('div', undefined, 'line');
  const name = make('div', undefined, 'name');
  name.append(make('b', record.code.split('(')[0]), makeName('small', record.name, 'detail'));
  row.append(name, make('code', record.code, 'fields'));
  figureCells(row)(record);
  row.append(make('div', undefined, 'tools'));
  view.append(row);
  if (record.note) view.append(make('p', record.note, 'note'));
  return view;
}
