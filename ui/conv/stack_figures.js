// The figures of one line of the stack's table: what comes out, and what it costs.

import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count, memory } from '../kit/numbers.js';

/**
 * @typedef {object} Figures of one layer, as `_figures` of stack.py returns them
 * @property {number[]} output
 * @property {number} parameters
 * @property {number} parameter_share of those of the whole network, 0 to 1
 * @property {number | null} multiply_adds
 * @property {number} work_share
 * @property {number} bytes
 * @property {number[] | null} field
 * @property {string} code
 * @property {string} note
 * @property {Record<string, number>} inferred
 */

const NONE = '–';
const shapeText = (/** @type {number[]} */ shape) => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

/**
 * Appends the cells of one line.
 *
 * @param {HTMLElement} line
 * @param {{ isTotal?: boolean }} [options] the line below the table shows no shares
 * @returns {(figures: Pick<Figures, 'output' | 'parameters' | 'multiply_adds' | 'bytes'> & Partial<Figures> | undefined) => void}
 *   shows figures, or dashes without them
 */
export function figureCells(line, { isTotal = false } = {}) {
  /** @param {string} name @param {string} label */
  function cell(name, label) {
    const [view, value] = [make('span', undefined, `cell ${name}`), make('b')];
    view.append(make('small', `${label} `), value);
    line.append(view);
    return { view, value };
  }
  /** @param {{ view: HTMLElement }} owner @param {string} name */
  function bar({ view }, name) {
    const [track, filling] = [make('i', undefined, `bar ${name}`), make('i')];
    track.append(filling);
    if (!isTotal) view.append(track);
    return filling;
  }
  const output = cell('output', t('output'));
  const parameters = cell('parameters', t('parameters'));
  const parameterBar = bar(parameters, 'parameters');
  const work = cell('work', t('multiply-adds'));
  const workBar = bar(work, 'work');
  const size = cell('memory', t('memory'));
  const field = cell('field', t('sees'));
  field.view.hidden = isTotal;

  /** @param {{ value: HTMLElement }} owner @param {string} text @param {boolean} isNothing */
  function put({ value }, text, isNothing) {
    value.textContent = text;
    value.classList.toggle('none', isNothing);
  }
  /** @param {HTMLElement} filling @param {number | undefined} share */
  function fill(filling, share) {
    filling.style.width = `${100 * (share || 0)}%`;
    filling.classList.toggle('empty', !share);
  }
  return (figures) => {
    put(output, figures?.output.length ? shapeText(figures.output) : NONE, !figures);
    put(parameters, figures ? count(figures.parameters) : NONE, !figures?.parameters);
    const adds = figures?.multiply_adds;
    put(work, !figures ? NONE : typeof adds === 'number' ? count(adds) : '?', !figures || adds === 0);
    put(size, figures ? memory(figures.bytes) : NONE, !figures);
    put(field, figures?.field ? figures.field.join(' × ') : NONE, !figures?.field);
    fill(parameterBar, figures?.parameter_share);
    fill(workBar, figures?.work_share);
  };
}

/** The output of the whole stack, one chip a dimension. @param {number[]} shape */
export function outputChips(shape) {
  const view = make('span', undefined, 'shape');
  view.setAttribute('role', 'img');
  view.setAttribute('aria-label', t('Output shape {shape}', { shape: shape.join(', ') }));
  view.append(...shape.map((size, i) => {
    const chip = make('span', count(size));
    chip.append(make('small', shape.length === 4 ? 'NCHW'[i] : i === 0 ? 'N' : shape.length === 2 ? t('features') : ' '));
    return chip;
  }));
  return view;
}
