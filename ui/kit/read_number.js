// How the page reads the numbers that people type. `checks.readings` is the same in Python: tests/number_cases.json
// has what both make of a text.

import { t } from './language.js';
import { count } from './numbers.js';

const LONGEST = 60;
const NUMBER = /^([+-]?)([\d.,_ \u00a0\u2009\u202f]*\d[.,]?)(e[+-]?\d+)?$/i;
const PLAIN = /^(\d+[.,]?\d*|[.,]\d+)$/;
const SPACED = /^\d{1,3}([_ \u00a0\u2009\u202f]\d{3})+([.,]\d*)?$/;
const GROUPED = /^[1-9]\d{0,2}((,\d{3}){2,}(\.\d+)?|(\.\d{3}){2,}(,\d+)?|,\d{3}\.\d+|\.\d{3},\d+)$/;
const DOUBTFUL = /^[1-9]\d{0,2}[.,]\d{3}$/;   // the mark may be a decimal one, or stand between thousands

/**
 * The numbers that a text can mean: none, one, or two where nobody can know which.
 *
 * Comma and point are both a decimal mark. They stand between thousands where a decimal mark makes no sense: in 1,234,567,
 * in 1,234.5, and in 10,000 where only whole numbers do. Spaces and _ may group digits, and − is a minus.
 *
 * @param {string} text
 * @param {boolean} [isWhole] whether only whole numbers make sense
 * @returns {number[]}
 */
export function readings(text, isWhole = false) {
  const [, sign, body, power = ''] = (text.length <= LONGEST && NUMBER.exec(text.trim().replace(/−/g, '-'))) || [];
  if (!body) return [];
  const mark = body.match(/[.,]/)?.[0] ?? '';   // the first one
  const decimal = () => Number(`${sign}${body.replace(/[_\s]/g, '').replace(',', '.')}${power}`) + 0;   // + 0: no −0
  const grouped = () => Number(`${sign}${body.replaceAll(mark, '').replace(',', '.')}${power}`) + 0;
  let numbers = /** @type {number[]} */ ([]);
  if (DOUBTFUL.test(body)) {
    const isDecimal = mark === '.' && !isWhole;
    const isGroup = mark === ',' && isWhole;
    numbers = [...(isGroup ? [] : [decimal()]), ...(isDecimal ? [] : [grouped()])];
  } else if (PLAIN.test(body) || SPACED.test(body)) numbers = [decimal()];
  else if (GROUPED.test(body)) numbers = [grouped()];
  return numbers.every(Number.isFinite) ? numbers : [];
}

/**
 * The number that a text means; NaN where it is none, in doubt, or not whole although only whole numbers make sense.
 *
 * @param {string} text
 * @param {boolean} [isWhole]
 */
export function readNumber(text, isWhole) {
  const [number = NaN, other] = readings(text, isWhole);
  return other !== undefined || (isWhole && !Number.isInteger(number)) ? NaN : number;
}

/** Why `readNumber` returns NaN, a sentence; "" where it does not. @param {string} text @param {boolean} [isWhole] */
export function whyNoNumber(text, isWhole) {
  const quoted = text.trim().slice(0, LONGEST);
  const [first, second] = readings(text, isWhole);
  if (second !== undefined) return t('“{text}” could mean {first} or {second}: write one of these.', { text: quoted, first, second });
  if (first === undefined) return t('“{text}” is not a number.', { text: quoted });
  return isWhole && !Number.isInteger(first) ? t('“{text}” is not a whole number.', { text: quoted }) : '';
}

/**
 * What a field takes.
 *
 * @typedef {object} Limits
 * @property {string} name
 * @property {number} low
 * @property {number} high
 * @property {boolean} isWhole
 * @property {boolean} [isNeeded] whether the field must not be empty
 */

/** What is wrong with the text of a field, a sentence; "" where nothing is. @param {string} text @param {Limits} limits */
export function whatIsWrong(text, { name, low, high, isWhole, isNeeded = true }) {
  const typed = text.trim();
  if (!typed && !isNeeded) return '';
  const value = readNumber(typed, isWhole);
  if (value >= low && value <= high) return '';
  if (typed && Number.isNaN(value)) return whyNoNumber(typed, isWhole);
  const values = { name, low: count(low), high: count(high) };
  return isWhole ? t('{name} must be a whole number from {low} to {high}.', values) : t('{name} must be a number from {low} to {high}.', values);
}
