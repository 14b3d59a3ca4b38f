// The sliders of one layer. The kind of layer determines which numbers there are, and the other numbers what each may be.

import { makeSelect, makeSlider } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';

/** @typedef {Record<string, any> & { kind: string, bias: boolean }} Spec the numbers of a layer and of its input, by key */
/**
 * The table of `models/layer_kinds.py`.
 *
 * @typedef {object} Table
 * @property {Record<string, { label: string }>} inputs
 * @property {Record<string, { label: string, pair: boolean, neutral: number | null }>} fields
 * @property {Record<string, Kind>} kinds
 *
 * @typedef {object} Kind
 * @property {string[]} fields keys of the table's
 * @property {string[]} padding_words the words that the padding takes besides numbers
 * @property {boolean} has_weights
 * @property {boolean} pads_half_a_kernel
 * @property {import('./window.js').CellSum} cell
 */
/** @typedef {{ spec: Spec, allowed: Record<string, number[]>, limits: Record<string, number[]>, isWrong: boolean }} State */
/** @typedef {{ label: string, title?: string, paths: Path[], limits: string[] }} Row a slider, or without `paths` the form of the padding */
/** @typedef {[string] | [string, number]} Path key of a number, and 0 or 1 for the height or the width of a pair */
/** @typedef {HTMLInputElement & { values: number[] }} Slider its value is an index of `values` */

const NUMBERS = 'numbers';

/** @param {Spec} spec @param {Path} path */
const valueAt = (spec, [key, axis]) => (axis === undefined ? spec[key] : spec[key][axis]);

/** @param {Spec} spec @param {Path} path @param {number} value */
function put(spec, [key, axis], value) {
  if (axis === undefined) spec[key] = value;
  else spec[key][axis] = value;
}

/**
 * @param {HTMLElement} view
 * @param {Table} table
 * @param {{ getSpec: () => Spec, change: (spec: Spec) => void, isSquare: () => boolean, areErrorsAllowed: () => boolean }} panel
 *   getSpec: a copy of the newest numbers
 * @returns {(state: State) => void} shows other numbers
 */
export function makeSliders(view, table, { getSpec, change, isSquare, areErrorsAllowed }) {
  /** @param {Spec} spec @returns {Row[]} */
  function rowsOf(spec) {
    const kind = table.kinds[spec.kind];
    const rows = [];
    for (const [key, { label }] of Object.entries(table.inputs)) {
      const together = key === 'c' && kind.has_weights && !areErrorsAllowed();  // C and in_channels move as one
      const title = key === 'n' ? t('Input (N, C, H, W)') : '';
      rows.push({ label, title, paths: [[key]], limits: [together ? 'channels' : key] });
    }
    for (const key of kind.fields) {
      const { label, pair } = table.fields[key];
      if (key === 'in_channels' && !areErrorsAllowed()) continue;
      if (key === 'padding' && kind.padding_words.length) rows.push({ label, paths: [], limits: [] });
      if (key === 'padding' && typeof spec.padding === 'string') continue;
      if (!pair) rows.push({ label, title: key === 'in_channels' ? t('Layer') : '', paths: [[key]], limits: [key] });
      else if (isSquare()) rows.push({ label, paths: [[key, 0], [key, 1]], limits: [`${key}_h`, `${key}_w`] });
      else rows.push(...['h', 'w'].map((axis, i) => ({ label: `${label} ${i ? '→' : '↓'}`, paths: [[key, i]], limits: [`${key}_${axis}`] })));
    }
    return /** @type {Row[]} */ (rows);
  }

  /** A choice between numbers and the words for a padding. @param {Spec} spec */
  function paddingForm(spec) {
    const words = table.kinds[spec.kind].padding_words;
    const quoted = words.map((word) => `"${word}"`);
    const label = t('padding as numbers, or as one of {words}', { words: quoted.join(', ') });
    return makeSelect([[NUMBERS, t('numbers')], ...words.map((word, i) => /** @type {[string, string]} */ ([word, quoted[i]]))], label, (padding) => {
      const next = getSpec();
      next.padding = padding === NUMBERS ? [0, 0] : padding;
      change(next);
    });
  }

  /** @param {Row} row @param {HTMLElement} output */
  function slider({ label, paths }, output) {
    const range = /** @type {Slider} */ (makeSlider({ label, low: 0, high: 0, step: 1 }, (index) => {
      const spec = getSpec();
      const value = range.values[index];
      paths.forEach((path) => put(spec, path, value));
      output.textContent = String(value);
      range.setAttribute('aria-valuetext', String(value));
      change(spec);
    }));
    return range;
  }

  /** @param {Row[]} rows @param {Spec} spec */
  function build(rows, spec) {
    const focused = view.contains(document.activeElement) && document.activeElement?.getAttribute('aria-label');
    view.replaceChildren(...rows.flatMap((row) => {
      const line = make('label', undefined, 'slider');
      line.append(make('span', row.label));
      if (row.paths.length) {
        const output = make('output');
        line.append(slider(row, output), output);
      } else line.append(paddingForm(spec));
      return row.title ? [make('span', row.title, 'group'), line] : [line];
    }));
    if (focused) /** @type {HTMLElement | null} */ (view.querySelector(`[aria-label="${CSS.escape(focused)}"]`))?.focus();
  }

  /** The values that fit every axis. @param {State} state @param {string[]} limits @returns {number[]} */
  function choices({ allowed, limits: widest, isWrong }, limits) {
    // while something is wrong all values are there: the way out may lead through two sliders
    const from = areErrorsAllowed() || isWrong ? widest : allowed;
    const lists = limits.map((name) => from[name] || []);
    return lists[0].filter((value) => lists.every((list) => list.includes(value)));
  }

  return (state) => {
    const rows = rowsOf(state.spec);
    const signature = JSON.stringify(rows.map(({ label, paths }) => [label, paths.length]));
    if (view.dataset.rows !== signature) {
      view.dataset.rows = signature;
      build(rows, state.spec);
    }
    const lines = [...view.querySelectorAll('.slider')];
    rows.forEach(({ paths, limits }, i) => {
      const [, control, output] = lines[i].children;
      if (!paths.length) {
        const { padding } = state.spec;
        /** @type {HTMLSelectElement} */ (control).value = typeof padding === 'string' ? padding : NUMBERS;
        return;
      }
      const range = /** @type {Slider} */ (control);
      const value = valueAt(state.spec, paths[0]);
      range.values = [...new Set([...choices(state, limits), value])].sort((a, b) => a - b);
      Object.assign(range, { min: 0, max: range.values.length - 1, step: 1 });
      range.value = String(range.values.indexOf(value));
      range.disabled = range.values.length < 2;
      range.setAttribute('aria-valuetext', String(value));
      output.textContent = String(value);
    });
  };
}
