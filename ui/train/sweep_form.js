// What a sweep changes: two hyperparameters with their values, and how long each run may take.

import { numberIn } from '../kit/controls.js';
import { findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { brief } from '../kit/numbers.js';
import { readNumber } from '../kit/read_number.js';

/** @typedef {import('./choices.js').Recipe} Recipe */

/**
 * @typedef {object} Axis a hyperparameter that can be swept
 * @property {string} key
 * @property {string} label
 * @property {'number' | 'choice' | 'switch'} kind
 * @property {boolean} whole whether its numbers are whole
 * @property {[value: string, label: string][]} options
 * @property {number[]} ladder usual numbers
 * @property {Record<string, string[]>} only_for fields, and their values with which it applies
 * @property {any[]} good values to begin with; empty where they depend on the choices
 * @property {{ factor: number, whole: boolean, limits: Record<string, [usual: number, low: number, high: number]> } | null} multiples
 *   where the neighbours of a number are multiples of it: within the limits of each network
 */

/** @typedef {'rows' | 'columns'} SideName */

const ON_OFF = [['true', t('on')], ['false', t('off')]];

const unique = (/** @type {any[]} */ list) => [...new Set(list)];

/** The names of a sweep's fields and values. @param {Axis[]} axes */
export function createNames(axes) {
  const axisOf = (/** @type {string} */ key) => axes.find((axis) => axis.key === key);
  return {
    label: (/** @type {string} */ key) => axisOf(key)?.label ?? key,
    /** @param {string} key @param {any} value */
    value(key, value) {
      if (typeof value === 'boolean') return value ? t('on') : t('off');
      const option = axisOf(key)?.options.find(([name]) => name === value);
      if (option) return option[1];
      return typeof value === 'number' ? brief(value, 6) : String(value);
    },
  };
}

/**
 * Values to begin with: usual ones, or the chosen value with its neighbours.
 *
 * @param {Axis} axis @param {Recipe} recipe @param {number} most how many
 * @returns {any[]}
 */
export function suggested(axis, recipe, most) {
  const now = recipe[axis.key];
  if (axis.good.length) return axis.good;
  if (axis.kind === 'switch') return [true, false];
  if (axis.kind === 'choice') return around(axis.options.map(([value]) => value), now, most);
  if (!axis.multiples) return around(unique([...axis.ladder, now ?? axis.ladder[0]]).sort((a, b) => a - b), now, most);
  const { factor, whole, limits } = axis.multiples;
  const [usual, low, high] = limits[String(recipe.network)] ?? Object.values(limits)[0];
  const middle = Number(now) > 0 ? Number(now) : usual;   // the field may be half typed
  return unique([middle / factor, middle, middle * factor].map((number) => {
    const value = Math.min(high, Math.max(low, number));
    return whole ? Math.round(value) : Number(value.toPrecision(2));
  }));
}

/** A value and its neighbours. @param {any[]} list @param {any} now @param {number} most */
function around(list, now, most) {
  const place = Math.min(Math.max(1, list.indexOf(now)), Math.max(1, list.length - 2));
  return list.slice(place - 1, place - 1 + most);
}

/**
 * @param {HTMLElement} element
 * @param {{ axes: Axis[], most: number, epochs: number[], seconds: number[] }} constants
 * @param {() => Recipe} getRecipe
 * @param {() => unknown} changed called when the visitor changes anything
 */
export function createSweepForm(element, constants, getRecipe, changed) {
  const find = finder(element);
  const axisOf = Object.fromEntries(constants.axes.map((axis) => [axis.key, axis]));
  /** @type {Record<SideName, { field: string, isTouched: boolean }>} isTouched: the visitor has entered values, which no longer follow the choices */
  const sides = { rows: { field: 'lr', isTouched: false }, columns: { field: 'batch_size', isTouched: false } };
  const names = /** @type {SideName[]} */ (Object.keys(sides));

  const applies = (/** @type {Axis} */ axis) => Object.entries(axis.only_for).every(([key, list]) => list.includes(String(getRecipe()[key])));

  /** @param {SideName} side @param {any[]} values */
  function fillValues(side, values) {
    const axis = axisOf[sides[side].field];
    find(`.${side} .values`).replaceChildren(...Array.from({ length: axis.kind === 'switch' ? 2 : constants.most }, (_, i) => {
      const field = axis.kind === 'number' ? Object.assign(make('input'), { type: 'text', inputMode: axis.whole ? 'numeric' : 'decimal' }) : make('select');
      if (field instanceof HTMLSelectElement) {
        field.append(new Option('–', ''), ...(axis.kind === 'switch' ? ON_OFF : axis.options).map(([value, label]) => new Option(label, value)));
      }
      field.value = String(values[i] ?? '');
      const name = { label: axis.label, number: i + 1 };
      field.setAttribute('aria-label', side === 'rows' ? t('{label}, value {number} of the rows; empty leaves it out', name)
        : t('{label}, value {number} of the columns; empty leaves it out', name));
      field.addEventListener('input', () => {
        sides[side].isTouched = true;
        changed();
      });
      return field;
    }));
  }

  /** @param {SideName} side */
  function valuesOf(side) {
    const { kind, whole } = axisOf[sides[side].field];
    const texts = findAll(element, `.${side} .values > *`).map(({ value }) => value.trim()).filter(Boolean);
    if (kind === 'switch') return texts.map((text) => text === 'true');
    if (kind === 'choice') return texts;
    return texts.map((text) => readNumber(text, whole));
  }

  /** @param {SideName} side @param {import('./search.js').Side} content */
  function set(side, { field, values }) {
    sides[side] = { field, isTouched: Boolean(values) };
    if (values) fillValues(side, values);
  }

  /** Shows what the choices allow. */
  function show() {
    for (const side of names) {
      const select = find(`.${side} .which`);
      const { field, isTouched } = sides[side];
      const taken = names.filter((other) => other !== side).map((other) => sides[other].field);
      for (const option of select.options) {
        option.disabled = option.value !== field && (taken.includes(option.value) || !applies(axisOf[option.value]));
      }
      select.value = field;
      if (!isTouched) fillValues(side, suggested(axisOf[field], getRecipe(), constants.most));
    }
  }

  for (const side of names) {
    const select = find(`.${side} .which`);
    select.append(...constants.axes.map(({ key, label }) => new Option(label, key)));
    select.addEventListener('change', () => {
      set(side, { field: select.value });
      show();
      changed();
    });
  }
  find('.epochs').append(...constants.epochs.map((number) => new Option(String(number))));
  find('.seconds').append(...constants.seconds.map((number) => new Option(number < 120 ? t('{n} s', { n: number }) : t('{n} min', { n: number / 60 }), String(number))));
  find('.epochs').value = 2;
  find('.seconds').value = 60;
  for (const name of ['.epochs', '.seconds']) find(name).addEventListener('change', changed);
  find('.setup').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());

  return {
    show,
    set,
    /** Marks the values that are no numbers; returns what is wrong with the first, "" if all are. */
    whatIsWrong() {
      const inputs = /** @type {HTMLInputElement[]} */ (findAll(element, '.values input'));
      return inputs.map((input) => {
        let problem = '';
        numberIn(input, (sentence) => { problem = sentence; });
        return problem;
      }).find(Boolean) ?? '';
    },
    /** Keeps the values when a cell puts its own into the choices. */
    hold() { names.forEach((side) => { sides[side].isTouched = true; }); },
    spec() {
      const [rows, columns] = names.map((side) => ({ field: sides[side].field, values: valuesOf(side) }));
      return { rows, columns, epochs: Number(find('.epochs').value), seconds: Number(find('.seconds').value) };
    },
  };
}
