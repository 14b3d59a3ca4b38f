// How the page writes numbers.

import { language } from './language.js';

const NONE = '–';
const SUPERSCRIPTS = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

/** @typedef {number | null | undefined} MaybeNumber JSON has no NaN and no infinity: they come as null */

/** @param {MaybeNumber} value @returns {value is number} */
const isFinite = (value) => typeof value === 'number' && Number.isFinite(value);

/** With the minus sign of mathematics. @param {string | number} text */
export const minus = (text) => String(text).replace(/-/g, '−');

/** 12345 is 12,345. @param {number} value */
export const count = (value) => value.toLocaleString(language);

/** 0.1234 is 12.3 %; nothing is a dash. @param {MaybeNumber} share @param {number} [decimals] */
export const percent = (share, decimals = 1) => (isFinite(share) ? `${(100 * share).toFixed(decimals)} %` : NONE);

/** 0.874 is 87 %, and what is more than nothing is at least <1 %. @param {number} share */
export const wholePercent = (share) => (share > 0 && share < 0.005 ? '<1 %' : `${Math.round(100 * share)} %`);

/** With its sign, whether or not it is negative: +0.25. @param {number} value @param {number} decimals */
export const signed = (value, decimals) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(decimals)}`;

/** `exponent` raised: 10⁻³. @param {number} exponent */
export const raised = (exponent) => [...String(exponent)].map((sign) => SUPERSCRIPTS[sign]).join('');

/** 1.2e−5 where JavaScript writes 1.2e-5, and 3e7 for 3e+7. @param {number} value @param {number} decimals */
export const exponential = (value, decimals) => minus(value.toExponential(decimals).replace('e+', 'e'));

/** A number in few letters: `digits` of it, in powers of ten where it is very small or large. @param {MaybeNumber} value @param {number} [digits] */
export function brief(value, digits = 3) {
  if (!isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size && (size < 1e-4 || size >= 1e5)) return exponential(value, Math.max(0, digits - 1));
  return minus(Number(value.toPrecision(digits)));
}

/** With at most `decimals` of them: 0.25, 12, and 2.00e−5 where they would say nothing. @param {number} value @param {number} [decimals] */
export function rounded(value, decimals = 4) {
  const size = Math.abs(value);
  if (size && (size < 0.5 / 10 ** decimals || size >= 1e6)) return exponential(value, 2);
  return minus(Number(value.toFixed(size >= 1000 ? 1 : decimals)));
}

/** In about five letters, for a small cell. @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size && size < 0.0005) return exponential(value, 0);
  if (size >= 10000) return exponential(value, 1);
  return rounded(value, size < 10 ? 3 : size < 100 ? 2 : size < 1000 ? 1 : 0);
}

/** With four decimals, all of them written, so that numbers below one another line up: 0.1000. @param {number} value */
export function aligned(value) {
  const size = Math.abs(value);
  if (size >= 1e5) return minus(value.toPrecision(6).replace('e+', 'e'));
  return size && size < 0.00005 ? exponential(value, 1) : minus(size ? value.toFixed(4) : 0);
}

/** A number as it stands behind a sign: a negative one in brackets. @param {string} text */
export const bracketed = (text) => (text.startsWith('−') ? `(${text})` : text);

/** 512 B, 1.5 kB, 2.00 MB. @param {number} bytes */
export function memory(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** 12.3 s, 45 s, 2 min 5 s. @param {MaybeNumber} seconds */
export function duration(seconds) {
  if (!isFinite(seconds)) return '';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 90 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** 8.6 ms, 86 ms, 0.86 s, for what takes little time. @param {number} seconds */
export function shortDuration(seconds) {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}

/** The label of a mark on an axis of time whose marks are `tick` seconds apart. @param {number} seconds @param {number} tick */
export function timeLabel(seconds, tick) {
  if (!seconds) return '0';
  return tick < 0.1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(tick < 1 ? 1 : 0)} s`;
}

/**
 * Round numbers from `low` to `high`, at most about `most` of them, for the marks of an axis.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @returns {number[]}
 */
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  if (!(rough > 0)) return [low];
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((k) => k * ten >= rough * 0.999) ?? 10) * ten;
  const marks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-9); at += 1) marks.push(at * step + 0);   // + 0: no −0
  return marks;
}

/**
 * Powers of ten from `low` to `high`, at most `most` of them, for the marks of a logarithmic axis.
 *
 * @param {number} low above 0
 * @param {number} high
 * @param {number} most
 * @returns {number[]}
 */
export function powersOfTen(low, high, most) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / most));
  const marks = [];
  for (let exponent = first; exponent <= last; exponent += stride) marks.push(10 ** exponent);
  return marks;
}

/** The label of a mark that is a power of ten: 0.01, 10⁻⁵. @param {number} value */
export const powerLabel = (value) => (value >= 0.001 && value <= 1000 ? brief(value) : `10${raised(Math.round(Math.log10(value)))}`);
