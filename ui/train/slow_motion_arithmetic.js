// The arithmetic of a line of the program for one weight. Every number comes from torch; only the steps between two of them
// are computed here.

import { t } from '../kit/language.js';
import { bracketed, minus, raised } from '../kit/numbers.js';

/**
 * @typedef {import('./slow_motion_recording.js').Recording} Recording
 * @typedef {import('./slow_motion_recording.js').Frame} Frame
 * @typedef {import('./slow_motion_recording.js').Weight} Weight
 * @typedef {[text: string, kind: '' | 'symbols' | 'words' | 'last' | 'last wrong']} Line a line of a calculation: a formula
 *   in symbols, a sentence, the result, or a step on the way
 */

const BETAS = [0.9, 0.999];   // torch's defaults for Adam
const NOT_FINITE = { nan: NaN, inf: Infinity, '-inf': -Infinity };   // in JSON, which has no such numbers

/** Four digits, 1.234·10⁻⁵ where the number is small; None for a missing tensor. @param {number | string | null | undefined} value */
export function digits(value) {
  if (value === null || value === undefined) return 'None';
  const number = typeof value === 'string' ? NOT_FINITE[value] : value;
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number < 0 ? '−∞' : '∞';
  if (number === 0) return '0';
  const size = Math.abs(number);
  if (size >= 1e-3 && size < 1e5) return minus(number.toPrecision(4));
  const [mantissa, exponent] = number.toExponential(3).split('e');
  return `${minus(mantissa)}·10${raised(Number(exponent))}`;
}

/** A number inside a formula. @param {number | null} value */
const factor = (value) => bracketed(digits(value));

/**
 * For each picture sent: (share − target) · input. Null where more layers lie between the weight and the loss.
 *
 * @param {Recording} recording @param {Frame} frame @param {Weight} weight
 */
function gradientTerms(recording, frame, weight) {
  const { last } = recording.payload.parameters[weight.parameter];
  const { row, column } = recording.position(weight);
  if (!last || (column !== null && !recording.readsPixels(weight.parameter)) || !('shares' in frame.logits)) return null;
  const shares = recording.tensors[frame.logits.shares];
  const batch = recording.batch(frame);
  return batch.pictures.map((picture, i) => ({
    share: shares[i * recording.payload.classes.length + row],
    target: Number(batch.labels[i] === row),
    input: column === null ? null : recording.pixel(picture, column),
  }));
}

/** @param {Recording} recording @param {Frame} before @param {Frame} frame @param {Weight} weight @returns {Line[]} */
function zeroGrad(recording, before, frame, { parameter, place }) {
  const [old, left] = [before, frame].map(({ g }) => recording.number(g[parameter], place));
  if (left !== null) return [[t('The optimizer does not know this parameter: its .grad stays {value}.', { value: digits(left) }), 'words']];
  return [[`.grad: ${digits(old)} → None`, old === null ? '' : 'last']];
}

/** @param {Recording} recording @param {Frame} before @param {Frame} frame @param {Weight} weight @returns {Line[]} */
function forward(recording, before, frame, weight) {
  const { parameter, place } = weight;
  const value = recording.number(frame.w[parameter], place);
  const { row, column } = recording.position(weight);
  const output = recording.outputs(parameter)[row];
  const isLogit = recording.payload.parameters[parameter].last;
  if (column === null) {
    return [[isLogit ? t('{value} is added to the logit of {label}, whatever the picture shows.', { value: digits(value), label: output })
      : t('{value} is added to {unit}, whatever the picture shows.', { value: digits(value), unit: output }), 'words']];
  }
  if (!recording.readsPixels(parameter)) return [[t('It is multiplied with the output of the hidden unit and added to the logit.'), 'words']];
  const pixels = recording.batch(frame).pictures.map((picture) => recording.pixel(picture, column));
  return [[isLogit ? t('w · pixel is its part of the logit of {label}, in picture 1, 2 …', { label: output })
    : t('w · pixel is its part of {unit}, in picture 1, 2 …', { unit: output }), 'symbols'],
    ...pixels.map((pixel) => /** @type {Line} */ ([`${digits(value)} · ${digits(pixel)} = ${digits((value ?? NaN) * pixel)}`, '']))];
}

/** @param {Recording} recording @param {Frame} before @param {Frame} frame @param {Weight} weight @returns {Line[]} */
function backward(recording, before, frame, weight) {
  const { parameter, place } = weight;
  if (recording.payload.parameters[parameter].frozen) {
    return [[t('It is frozen (requires_grad=False): backward() computes no gradient for it.'), 'words']];
  }
  const [old, sum] = [before, frame].map(({ g }) => recording.number(g[parameter], place));
  const terms = gradientTerms(recording, frame, weight);
  const gradient = old === null ? sum : (sum ?? NaN) - old;
  const name = old === null ? '.grad' : t('gradient of this loss');
  const kind = old === null ? 'last' : '';
  /** @type {Line[]} */
  const lines = [];
  if (terms) {
    const { size } = recording.batch(frame);
    const products = terms.map(({ share, target, input }) => `(${digits(share)} − ${target})${input === null ? '' : `·${digits(input)}`}`).join(' + ');
    lines.push([terms[0].input === null ? t('{name} = mean of (share − target)', { name }) : t('{name} = mean of (share − target) · pixel', { name }), 'symbols'],
      [size > terms.length ? t('= ({products} + … {size} pictures) / {size}', { products, size }) : `= (${products}) / ${size}`, ''], [`= ${digits(gradient)}`, kind]);
  } else {
    lines.push([`${name} = ${digits(gradient)}`, kind],
      [t('The chain rule: backward() goes from the loss back through every layer to this weight.'), 'words']);
  }
  if (old !== null) lines.push([t('.grad = old .grad + {name}', { name }), 'symbols'], [`= ${digits(old)} + ${factor(gradient)}`, ''], [`= ${digits(sum)}`, 'last wrong']);
  return lines;
}

/** @param {Recording} recording @param {Frame} before @param {Frame} frame @param {Weight} weight @returns {Line[]} */
function step(recording, before, frame, { parameter, place }) {
  const { name, given } = recording.payload.parameters[parameter];
  const [old, value] = [before, frame].map(({ w }) => recording.number(w[parameter], place));
  const gradient = recording.number(frame.g[parameter], place);
  if (!given) return [[t('The optimizer does not have {name}: the weight stays {value}, whatever its gradient says.', { name, value: digits(old) }), 'words']];
  if (gradient === null) return [[t('.grad is None: step() passes over this weight.'), 'words']];
  const { lr } = recording.payload.settings;
  /** @param {string} buffer */
  const buffers = (buffer) => [before, frame].map(({ buffers: all }) => recording.number(all[buffer]?.[parameter], place));
  const [wasMomentum, momentum] = buffers('momentum_buffer');
  if (momentum !== null) {
    return [[wasMomentum === null ? t('buffer ← .grad, in the first step') : 'buffer ← 0.9 · buffer + .grad', 'symbols'],
      [wasMomentum === null ? `= ${digits(momentum)}` : `= 0.9 · ${factor(wasMomentum)} + ${factor(gradient)} = ${digits(momentum)}`, ''],
      ['w ← w − lr · buffer', 'symbols'], [`= ${digits(old)} − ${lr} · ${factor(momentum)}`, ''], [`= ${digits(value)}`, 'last']];
  }
  const [[m0, m], [v0, v]] = [buffers('exp_avg'), buffers('exp_avg_sq')];
  if (m === null || v === null) {
    return [['w ← w − lr · .grad', 'symbols'], [`= ${digits(old)} − ${lr} · ${factor(gradient)}`, ''],
      [`= ${digits(old)} − ${factor(lr * gradient)}`, ''], [`= ${digits(value)}`, 'last']];
  }
  const count = frame.t[parameter];
  const [mHat, vHat] = [m / (1 - BETAS[0] ** count), v / (1 - BETAS[1] ** count)];
  return [['m ← 0.9 · m + 0.1 · .grad', 'symbols'], [`= 0.9 · ${factor(m0 ?? 0)} + 0.1 · ${factor(gradient)} = ${digits(m)}`, ''],
    ['v ← 0.999 · v + 0.001 · .grad²', 'symbols'], [`= 0.999 · ${factor(v0 ?? 0)} + 0.001 · ${factor(gradient)}² = ${digits(v)}`, ''],
    [`m̂ = m / (1 − 0.9^t), v̂ = v / (1 − 0.999^t), t = ${count}`, 'symbols'],
    [`m̂ = ${digits(mHat)}, v̂ = ${digits(vHat)}`, ''],
    ['w ← w − lr · m̂ / (√v̂ + 10⁻⁸)', 'symbols'], [`= ${digits(old)} − ${lr} · ${factor(mHat)} / (${digits(Math.sqrt(vHat))} + 10⁻⁸)`, ''], [`= ${digits(value)}`, 'last']];
}

/** @type {Record<string, (recording: Recording, before: Frame, frame: Frame, weight: Weight) => Line[]>} */
const LINES = {
  zero_grad: zeroGrad, forward, backward, step,
  loss: () => [[t('The loss only measures: nothing changes for this weight.'), 'words']],
};

/**
 * What the line of a frame did to a weight.
 *
 * @param {Recording} recording @param {number} at place of the frame @param {Weight} weight
 * @returns {Line[]}
 */
export function arithmetic(recording, at, weight) {
  const frame = recording.payload.frames[at];
  if (frame.error) return [[t('The line has failed: nothing has changed.'), 'words']];
  if (!at) return [[t('A random number to begin with. Press Next.'), 'words']];
  return LINES[frame.line](recording, recording.payload.frames[at - 1], frame, weight);
}
