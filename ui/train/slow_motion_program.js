// The program: its lines, which can be left out and moved, ready-made changes, and the settings.

import { makeButton, makeTick, numberIn } from '../kit/controls.js';
import { finder, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';

/**
 * @typedef {import('./slow_motion_recording.js').Frame} Frame
 * @typedef {import('./slow_motion_recording.js').Payload} Payload
 * @typedef {import('./slow_motion_recording.js').Settings} Settings
 * @typedef {(change: (settings: Settings) => Partial<Settings>) => void} Change asks for other settings
 * @typedef {{ value: string, label: string }} Option
 * @typedef {{ title: string, settings: Partial<Settings> }} Try
 * @typedef {{ networks: Option[], optimizers: (Option & { lr: number })[], batches: Option[], tries: Record<string, Try[]> }} Constants
 */

/** A list with a name, or without it. @param {string[]} list @param {string} name @param {boolean} isIn */
export const withName = (list, name, isIn) => [...list.filter((other) => other !== name), ...(isIn ? [name] : [])];

/** Moves a line down by so many places. @param {string[]} order @param {string} key @param {number} by */
function move(order, key, by) {
  const keys = [...order];
  const place = keys.indexOf(key);
  keys.splice(place, 1);
  keys.splice(Math.max(0, place + by), 0, key);
  return keys;
}

/** @param {HTMLElement} element @param {Constants} constants @param {Change} change */
export function createProgram(element, constants, change) {
  const find = finder(element);
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();

  /** @param {string} key @param {string} text */
  function newLine(key, text) {
    const row = make('li', undefined, 'line');
    row.dataset.key = key;
    const { node } = makeTick(true, (isOn) => change(({ left_out: keys }) => ({ left_out: withName(keys, key, !isOn) })), t('run {line}', { line: text }), make('code', text));
    node.classList.add('run');
    row.append(node, newMover(key, t('Move {line} up', { line: text }), 'up', -1), newMover(key, t('Move {line} down', { line: text }), 'down', 1));
    return row;
  }

  /** @param {string} key @param {string} label @param {'up' | 'down'} way @param {number} by */
  function newMover(key, label, way, by) {
    return makeButton(by < 0 ? '▲' : '▼', () => change(({ order }) => ({ order: move(order, key, by) })), `button move ${way}`, label);
  }

  /** @param {Payload} payload */
  function showLines({ program: { lines }, settings }) {
    lines.forEach(([key, text]) => { if (!rows.has(key)) rows.set(key, newLine(key, text)); });
    const ordered = lines.map(([key]) => /** @type {HTMLElement} */ (rows.get(key)));
    const tops = ordered.map((row) => row.getBoundingClientRect().top);
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const isNew = !ordered[0].isConnected;
    find('.lines').replaceChildren(...ordered);
    const isStill = isNew || matchMedia('(prefers-reduced-motion: reduce)').matches;
    ordered.forEach((row, place) => {
      const [box, up, down] = /** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll('input, button'));
      box.checked = !settings.left_out.includes(lines[place][0]);
      row.classList.toggle('out', !box.checked);
      up.disabled = place === 0;
      down.disabled = place === lines.length - 1;
      const by = tops[place] - row.getBoundingClientRect().top;   // a moved line slides to its new place, so that the eye can follow
      if (by && !isStill) row.animate([{ transform: `translateY(${by}px)` }, { transform: 'none' }], { duration: 220, easing: 'ease-out' });
      if (!focused || !row.contains(focused)) return;
      (focused.matches(':disabled') ? /** @type {HTMLElement} */ (row.querySelector('.move:enabled')) : focused).focus();
    });
  }

  /** @param {Settings} settings */
  function showTries(settings) {
    const tries = constants.tries[settings.network];
    const size = (/** @type {Try} */ { settings: values }) => Object.keys(values).length;
    const pressed = tries.filter(({ settings: values }) => Object.entries(values).every(
      ([name, value]) => JSON.stringify(value) === JSON.stringify(settings[/** @type {keyof Settings} */ (name)])))
      .sort((a, b) => size(b) - size(a))[0];
    find('.tries').querySelectorAll('button').forEach((/** @type {HTMLElement} */ button, /** @type {number} */ i) => {
      button.setAttribute('aria-pressed', String(tries[i] === pressed));
    });
  }

  find('.tries').append(...Object.values(constants.tries)[0].map(({ title }, i) => (
    makeButton(title, () => change(({ network }) => constants.tries[network][i].settings), 'button chip'))));

  const form = find('.settings');
  const { networks, optimizers, batches } = constants;
  Object.entries({ network: networks, optimizer: optimizers, batches }).forEach(([name, options]) => {
    form.querySelector(`[name="${name}"]`).append(...options.map(({ value, label }) => new Option(label, value)));
  });
  form.addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
  form.addEventListener('change', (/** @type {{ target: HTMLInputElement }} */ { target }) => {
    const { name, value } = target;
    const setting = target.type === 'text' ? numberIn(target, (problem) => showSentence(find('.problem'), problem)) : value;
    if (setting === undefined) return;
    change(() => ({
      [name]: setting,
      ...(name === 'network' && { not_given: [], frozen: [] }),
      ...(name === 'optimizer' && { lr: optimizers.find((optimizer) => optimizer.value === value)?.lr }),
    }));
  });

  return {
    /** Shows another program. @param {Payload} payload */
    show(payload) {
      showLines(payload);
      find('.setup').replaceChildren(...payload.program.setup.map(([key, text]) => {
        const part = make('span', `${text}\n`);
        part.dataset.key = key;
        return part;
      }));
      find('.head').textContent = payload.program.head;
      showTries(payload.settings);
      for (const [name, value] of Object.entries(payload.settings)) {
        const field = form.querySelector(`[name="${name}"]`);
        if (!field || field === document.activeElement) continue;
        field.value = value;
        field.removeAttribute('aria-invalid');
      }
    },
    /** Marks the line that has run. @param {Frame} frame */
    mark({ line, error }) {
      rows.forEach((row, key) => {
        row.classList.toggle('now', key === line);
        row.classList.toggle('failed', key === line && Boolean(error));
        if (key === line) row.setAttribute('aria-current', 'step');
        else row.removeAttribute('aria-current');
      });
      find('.setup').classList.toggle('now', line === 'start');
    },
  };
}
