// A network as a list of layers: what the visitor changes, and the server's answers about it.
//
// `constants.opening` is {stack, input}, as `on_stack` of stack.py reads it. `server.stack` returns the figures of each
// layer by its path, `server.network(name)` the lines of a network of this page.

import { fillCodeBlocks, makeButton, makeNumberField } from '../kit/controls.js';
import { finder, make, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { latest, reply } from '../kit/latest.js';
import { count } from '../kit/numbers.js';
import { whatIsWrong } from '../kit/read_number.js';
import { fillAdder, openAdder, withoutForks } from './stack_adder.js';
import { makeAnswers } from './stack_answer.js';
import { figureCells, outputChips } from './stack_figures.js';
import { makeHistory } from './stack_history.js';
import { isFork, makeRows, recordRow } from './stack_rows.js';

/** @typedef {import('./stack_rows.js').Item} Item */
/** @typedef {import('./stack_rows.js').Line} Line */
/** @typedef {import('./stack_rows.js').Fork} Fork */
/** @typedef {import('./stack_answer.js').Answer} Answer */
/**
 * @typedef {object} Network one of this page's, as `on_network` returns it
 * @property {string} network its key
 * @property {string} title
 * @property {string} about
 * @property {string | null} preset key of the same network as a stack
 * @property {number[]} input
 * @property {(import('./stack_figures.js').Figures & { name: string })[]} rows
 * @property {import('./stack_answer.js').Totals} totals
 * @property {number[]} output
 * @property {string} program
 */
/**
 * @typedef {object} Constants
 * @property {{ stack: Item[], input: number[] }} opening
 * @property {Record<string, import('./stack_fields.js').Argument[]>} kinds
 * @property {Record<string, { label: string, code: string }>} joins
 * @property {number[]} largest sizes of the input
 * @property {{ layers: number, branches: number, branch: number }} most layers of a stack, branches of a fork, layers of a branch
 * @property {{ key: string, name: string, stack: Item[] }[]} presets
 * @property {{ name: string, stack: Item[], input: number[] }[]} mistakes
 * @property {[string, string][]} networks key and title
 * @property {Record<string, Item>} starts a new layer of each kind
 */

/** @param {import('../kit/control.js').Context & { constants: Constants }} context */
export function mount({ element, server, constants }) {
  const find = finder(element);
  fillCodeBlocks(element);
  const { kinds, most } = constants;
  const starts = Object.values(constants.starts);

  let { stack, input } = structuredClone(constants.opening);
  /** @type {Answer | null} */
  let answer = null;            // the last one without a problem
  let isCurrent = false;        // whether the paths of the answer are those of the stack
  let problem = '';
  /** @type {Network | null} */
  let network = null;           // of this page, in sight in place of the stack
  /** @type {Line[]} */
  let lines = [];

  const announce = (/** @type {string} */ sentence) => { find('.live').textContent = sentence; };

  // --- asking -------------------------------------------------------------------------------------------------------

  const history = makeHistory((isEmpty) => find('.undo').setAttribute('aria-disabled', String(isEmpty)));

  const refresh = latest(() => reply(server.stack, structuredClone({ stack, input })), (response) => {
    const stopped = answer?.stop?.message;
    problem = response.problem ?? '';
    isCurrent = !problem;
    if (!problem) answer = response;
    if (answer?.stop && answer.stop.message !== stopped) announce(t('PyTorch stops: {message}', { message: answer.stop.message }));
    if (!network) fill();
  });

  function change() {
    history.note({ stack, input });
    mark();
    refresh();
  }

  // --- showing the answer -------------------------------------------------------------------------------------------

  const showAnswer = makeAnswers(constants, (stop, line) => {
    stack = structuredClone(/** @type {Item[]} */ (stop.mended));
    draw();
    focusOn(line.path);
    announce(t('Fixed: {change}', { change: stop.change }));
  });

  /** @param {Pick<Network, 'totals' | 'program'> & { output: number[] | null }} whole a network or the answer to a stack */
  function showWhole({ totals, output, program }) {
    find('.through').textContent = network ? tn('{n} step', '{n} steps', totals.steps) : tn('{n} layer', '{n} layers', stack.length);
    find('.flow .result').replaceChildren(output ? outputChips(output) : make('span', t('PyTorch stops on the way'), 'stopped'));
    const [total, name] = [find('.total'), make('div', undefined, 'name')];
    name.append(make('b', output ? t('Total') : t('Total up to the error')));
    total.replaceChildren(name);
    figureCells(total, { isTotal: true })({ ...totals, output: output ?? [] });
    total.append(make('div', undefined, 'tools'));
    find('.code pre').textContent = program;
  }

  function mark() {  // what is old while a problem stands above it, and which preset the stack is
    const isProblem = Boolean(problem) && !network;
    showSentence(find('.problem'), isProblem ? problem : '');
    find('.table').classList.toggle('stale', isProblem);
    const now = asText(stack);
    presets.forEach(({ button, text }) => button.setAttribute('aria-pressed', String(!network && text === now)));
  }

  function fill() {
    showAnswer(lines, isCurrent ? answer : null);
    if (answer) showWhole(answer);
    mark();
  }

  // --- changing -----------------------------------------------------------------------------------------------------

  const drawRows = makeRows(constants, {
    change,
    fill,
    move(siblings, from, by) {
      const [item] = siblings.splice(from, 1);
      siblings.splice(from + by, 0, item);
      draw();
      // at the end of the list only one way is left
      const way = from + by === 0 ? 'down' : from + by === siblings.length - 1 ? 'up' : by < 0 ? 'up' : 'down';
      focusTool(item, way);
      announce(t('{layer} is now layer {number} of {count}.', { layer: item.kind, number: from + by + 1, count: siblings.length }));
    },
    remove(siblings, at) {
      const [{ kind }] = siblings.splice(at, 1);
      draw();
      const next = siblings[Math.min(at, siblings.length - 1)];
      if (next) focusTool(next, 'remove');
      else find('.adder.last select').focus();
      announce(tn('{layer} is removed; {n} layer is left.', '{layer} is removed; {n} layers are left.', siblings.length, { layer: kind }));
    },
    openAdder(siblings, at, host, position) {
      const isBranch = siblings !== stack;
      const isFull = siblings.length >= (isBranch ? most.branch : most.layers);
      openAdder(find('.table'), host, {
        position,
        choices: isBranch ? withoutForks(starts) : starts,
        full: isFull ? siblings.length : 0,
        add(item) {
          siblings.splice(at, 0, item);
          draw();
          focusOn(lines.find((line) => line.item === item)?.path);
          announce(position.after
            ? t('{layer} is added after {other}.', { layer: item.kind, other: position.after })
            : t('{layer} is added at the start of branch {number}.', { layer: item.kind, number: position.branch }));
        },
      });
    },
    addBranch(fork) {
      fork.branches.push([]);
      draw();
      focusOn(`${stack.indexOf(fork)}`);
      announce(t('Branch {number} is added.', { number: fork.branches.length }));
    },
    removeBranch(fork, number) {
      fork.branches.splice(number, 1);
      draw();
      focusOn(`${stack.indexOf(fork)}`);
      announce(t('Branch {number} is removed; {count} branches are left.', { number: number + 1, count: fork.branches.length }));
    },
  });

  function draw() {
    isCurrent = false;
    const drawn = drawRows(stack);
    lines = drawn.lines;
    find('.table > .layers').replaceChildren(...drawn.rows);
    find('.empty').hidden = stack.length > 0;
    find('.adder.last button').disabled = stack.length >= most.layers;
    sizes.forEach((field, i) => { field.value = String(input[i]); });
    change();
    fill();
  }

  /** @param {string | undefined} path */
  function focusOn(path) {
    const line = lines.find((other) => other.path === path) ?? lines[lines.length - 1];
    if (!line) return find('.adder.last select').focus();
    line.view.focus({ preventScroll: true });
    return line.view.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Item} item @param {string} name of one of its buttons */
  function focusTool(item, name) {
    const line = lines.find((other) => other.item === item);
    if (!line) return;
    /** @type {HTMLElement | null} */ (line.bar.querySelector(`.${name}`))?.focus({ preventScroll: true });
    line.view.scrollIntoView({ block: 'nearest' });
  }

  function undo() {
    const past = history.undo();
    if (!past) return;
    ({ stack, input } = past);
    draw();
    announce(t('The last change is undone.'));
  }

  // --- networks of this page ----------------------------------------------------------------------------------------

  /** @param {string} name */
  async function read(name) {
    const response = await reply(server.network, name);
    if (find('.networks select').value !== name) return;
    if (response.problem) {
      find('.networks select').value = network?.network ?? '';
      mark();
      showSentence(find('.problem'), response.problem);
      return;
    }
    /** @type {Network} */
    const { about, preset, rows, title, totals } = network = response;
    find('.reading p').textContent = about;
    find('.edit').hidden = !preset;
    lines = [];
    find('.table > .layers').replaceChildren(...rows.map(recordRow));
    sizes.forEach((field, i) => {
      field.value = response.input[i];
      field.setAttribute('aria-invalid', 'false');
      showSentence(find('.input .hint'), '');
    });
    showMode();
    showWhole(response);
    mark();
    announce(t('{network}: {steps} steps, {parameters} parameters.', { network: title, steps: rows.length, parameters: count(totals.parameters) }));
  }

  function showMode() {
    const isNetwork = Boolean(network);
    find('.reading').hidden = !isNetwork;
    find('.adder.last').hidden = isNetwork;
    find('.undo').hidden = isNetwork;
    find('.table').classList.toggle('read-only', isNetwork);
    if (isNetwork) find('.empty').hidden = true;
    sizes.forEach((field) => { field.disabled = isNetwork; });
  }

  /** Shows the visitor's own stack. @param {Item[]} [nextStack] takes its place @param {number[]} [nextInput] */
  function back(nextStack = stack, nextInput = input) {
    network = null;
    find('.networks select').value = '';
    stack = structuredClone(nextStack);
    input = [...nextInput];
    showMode();
    draw();
  }

  // --- at the start -------------------------------------------------------------------------------------------------

  /** What makes two stacks the same, as text. @param {Item[]} items @returns {string} */
  const asText = (items) => JSON.stringify(items.map((item) => (isFork(item)
    ? [item.join, item.branches.map(asText)] : [item.kind, kinds[item.kind].map(({ name }) => item.params[name])])));

  /** @param {string} place @param {{ name: string, stack: Item[], input?: number[] }[]} list */
  const presetButtons = (place, list) => list.map((preset) => {
    const button = makeButton(preset.name, () => {
      back(preset.stack, preset.input ?? constants.opening.input);
      announce(tn('{stack}: {n} layer.', '{stack}: {n} layers.', stack.length, { stack: preset.name }));
    }, 'button small');
    find(place).append(button);
    return { button, text: asText(preset.stack) };
  });
  const presets = [...presetButtons('.presets', constants.presets), ...presetButtons('.mistakes', constants.mistakes)];

  const sizes = ['N', 'C', 'H', 'W'].map((name, i) => {
    const limits = { name: t('{dimension} of the input', { dimension: name }), low: 1, high: constants.largest[i], isWhole: true };
    const label = make('label', undefined, 'size');
    const field = makeNumberField({
      label: limits.name, step: 1, ...limits,
      problemOf: (text) => whatIsWrong(text, limits),
      onProblem: (sentence) => showSentence(find('.input .hint'), sentence),
      onInput(value) {
        input[i] = value;
        change();
      },
    });
    label.append(field, make('small', name));
    find('.input').append(label);
    return field;
  });
  find('.input').append(make('p', undefined, 'hint'));
  find('.input .hint').hidden = true;

  fillAdder(find('.adder.last'), {}, starts, (item) => {
    stack.push(item);
    draw();
    lines[lines.length - 1].view.scrollIntoView({ block: 'nearest' });
    announce(t('{layer} is added as layer {number}.', { layer: item.kind, number: stack.length }));
  });
  const networks = find('.networks select');
  networks.append(...constants.networks.map(([name, title]) => new Option(title, name)));
  networks.addEventListener('change', () => (networks.value ? read(networks.value) : back()));
  find('.yours').addEventListener('click', () => { back(); networks.focus(); });
  find('.edit').addEventListener('click', () => {
    back(constants.presets.find(({ key }) => key === network?.preset)?.stack, constants.opening.input);
    networks.focus();
  });
  find('.undo').addEventListener('click', undo);
  draw();
}
