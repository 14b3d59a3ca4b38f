// The curves of a run, and the gradient of each layer.

import { describeReading, drawAxes, openChart, write } from '../kit/chart.js';
import { clip, drawBand, drawBars, drawLine, drawPoints, drawVerticals } from '../kit/chart_shapes.js';
import { finder } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { brief, count, percent } from '../kit/numbers.js';

/** @typedef {import('./run_record.js').RunRecord} RunRecord */

const LEFT = 46;
const RIGHT = 10;
const TOP = 8;
const LABELLED = 20;   // pixels for labels below
const BARE = 6;

/** @param {readonly (readonly [x: number, y: number | null, ...rest: unknown[]])[]} list @returns {[number, number]} of its finite numbers */
function bounds(list) {
  const values = list.map(([, value]) => value).filter((value) => Number.isFinite(value));
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

/**
 * The last step of the axis: a short run has room from the start, a long one grows.
 *
 * @param {RunRecord} record
 * @param {boolean} hasEnded
 */
export function lastStep(record, hasEnded) {
  const { steps = 0, step = 0 } = record.progress ?? {};
  if (hasEnded) return Math.max(1, record.curves.loss.smooth.at(-1)?.[0] || steps || 100);
  if (!steps) return 100;
  return steps <= 1500 ? steps : Math.min(steps, Math.max(500, Math.ceil(step * 1.2)));
}

/**
 * Steps at which an epoch ends, the last one left out.
 *
 * @param {RunRecord} record
 * @param {number} end
 */
function epochEnds(record, end) {
  const { steps = 0, epochs = 0 } = record.progress ?? {};
  if (!steps || epochs < 2) return [];
  return Array.from({ length: epochs - 1 }, (_, i) => ((i + 1) * steps) / epochs).filter((step) => step < end);
}

/**
 * Where the y axis of each chart ends.
 *
 * @param {RunRecord} record
 * @param {boolean | null} chosenLog whether the visitor wants the loss on a logarithmic axis; null: as it fits
 */
export function yAxes(record, chosenLog) {
  const { loss, lr } = record.curves;
  const [least, most] = bounds([...loss.smooth, ...record.validated]);
  const first = loss.smooth[0]?.[1] || 1;
  const log = chosenLog ?? most > 10 * first;
  const [lowLoss, highLoss] = Number.isFinite(least) ? [least, most * (log ? 1.6 : 1.08)] : [0.1, 2.5];
  // the floor follows the curve up, so that the last per cents can be told apart
  const scores = record.validated.map(([step, , accuracy]) => /** @type {[number, number]} */ ([step, accuracy]));
  const floor = scores.length > 1 ? Math.max(0, Math.floor(bounds(scores)[0] * 10 - 0.5) / 10) : 0;
  const [slow, fast] = bounds(lr.smooth);
  const isWide = slow > 0 && fast > 100 * slow;
  return {
    loss: { log, low: log ? Math.max(1e-12, lowLoss * 0.7) : 0, high: highLoss },
    accuracy: { log: false, low: floor, high: 1, label: (/** @type {number} */ value) => percent(value, 0) },
    lr: { log: isWide, low: isWide ? slow * 0.7 : 0, high: Number.isFinite(fast) ? fast * (isWide ? 1.5 : 1.15) : 0.1,
      ...(isWide ? {} : { label: (/** @type {number} */ value) => brief(value, 2) }) },
  };
}

/**
 * @param {HTMLElement} element
 * @param {(state: string) => boolean} hasEnded
 */
export function openRunCharts(element, hasEnded) {
  const find = finder(element);
  /** @type {RunRecord} */
  let record;
  /** @type {boolean | null} */
  let chosenLog = null;
  /** @type {number | null} */
  let step = null;    // under the pointer
  /** @type {number | null} */
  let layer = null;   // under the pointer

  const canvases = { loss: find('.c-loss'), accuracy: find('.c-accuracy'), lr: find('.c-lr') };
  const end = () => lastStep(record, hasEnded(record.state));

  /** @param {import('../kit/chart.js').Sheet} sheet @param {'loss' | 'accuracy' | 'lr'} name @param {number} bottom @param {string} colour */
  function paintCurve(sheet, name, bottom, colour) {
    const y = yAxes(record, chosenLog)[name];
    const room = Math.max(2, Math.floor((sheet.height - bottom - TOP) / 34));
    const across = sheet.width - LEFT - RIGHT;
    const last = end();
    const plot = drawAxes(sheet, {
      margins: { left: LEFT, right: RIGHT, top: TOP, bottom },
      x: { low: 0, high: last, most: bottom === BARE ? 0 : Math.max(2, Math.floor(across / 90)), whole: true, label: count },
      y: { ...y, most: room + (y.log ? 1 : 0) },
    });
    const curve = record.curves[name];
    const validated = record.validated.map(([at, loss, accuracy]) =>
      /** @type {const} */ ([at, name === 'loss' ? loss : accuracy]));
    clip(plot, () => {
      const ends = epochEnds(record, last);
      // as long as the lines do not fill the sheet
      if (ends.length && plot.x.toPixel(ends[0]) - LEFT > 14) drawVerticals(plot, ends, { colour: 'line', dash: [3, 4] });
      if (name === 'loss') drawBand(plot, curve.buckets, { colour: 'bar', opacity: 0.55 });
      drawLine(plot, curve.smooth, { colour });
      drawPoints(plot, curve.smooth.slice(-1), { colour, radius: 3 });
      if (name !== 'lr') {
        drawLine(plot, validated, { colour: 'focus', width: 1.5 });
        drawPoints(plot, validated, { colour: 'focus', radius: validated.length > 60 ? 1.5 : 3.5 });
      }
      if (step !== null && step <= last) drawVerticals(plot, [step], { colour: 'quiet' });
    });
    return plot;
  }

  /** @param {import('../kit/chart.js').Sheet} sheet */
  function paintLayers(sheet) {
    const { layers } = record;
    const lengths = layers.map(([, length]) => length).filter((length) => length > 0 && Number.isFinite(length));
    const high = 10 ** Math.ceil(Math.log10(Math.max(1, ...lengths)) + 1e-9);
    const low = Math.max(1e-14, 10 ** Math.floor(Math.log10(Math.min(1e-3, ...lengths)) - 1e-9));
    const plot = drawAxes(sheet, {
      margins: { left: LEFT, right: RIGHT, top: TOP, bottom: LABELLED },
      x: { low: 0, high: Math.max(1, layers.length), most: 0 },
      y: { low, high, log: true, most: Math.max(2, Math.floor((sheet.height - LABELLED - TOP) / 26)) },
    });
    drawBars(plot, layers.map(([, length], i) => {
      const isFinite = Number.isFinite(length);   // JSON has no infinity
      return { value: isFinite ? Math.min(high, Math.max(low, length)) : high, colour: isFinite ? 'accent' : 'naive',
        opacity: layer === null || layer === i ? 1 : 0.45 };
    }));
    // each name below its bar where there is room for all, otherwise their order
    const room = plot.x.toPixel(1) - plot.x.toPixel(0);
    const y = sheet.height - 4;
    if (layers.every(([name]) => sheet.pen.measureText(name).width < room - 6)) {
      layers.forEach(([name], i) => write(sheet, name, plot.x.toPixel(i + 0.5), y, { align: 'center' }));
    } else {
      write(sheet, tn('{n} layer, first to last', '{n} layers, first to last', layers.length), LEFT, y);
    }
    return plot;
  }

  const reading = () => {
    const last = record.curves.loss.smooth.at(-1)?.[0];
    return last === undefined ? null : { at: step ?? last, low: 0, high: last, step: Math.max(1, Math.round(last / 100)) };
  };
  const read = (/** @type {number | null} */ at) => {
    step = at;
    draw();
  };
  const drawings = [
    openChart(canvases.loss, { paint: (sheet) => paintCurve(sheet, 'loss', LABELLED, 'accent'), reading, read }),
    openChart(canvases.accuracy, { paint: (sheet) => paintCurve(sheet, 'accuracy', LABELLED, 'accent'), reading, read }),
    openChart(canvases.lr, { paint: (sheet) => paintCurve(sheet, 'lr', BARE, 'naive'), reading, read }),
    openChart(find('.c-layers'), {
      paint: paintLayers,
      reading: () => (record.layers.length ? { at: layer, low: 0, high: record.layers.length - 1, step: 1 } : null),
      read: (at) => {
        layer = at;
        draw();
      },
      locate: Math.floor,
    }),
  ];

  function draw() {
    find('.log').setAttribute('aria-pressed', String(Boolean(yAxes(record, chosenLog).loss.log)));
    drawings.forEach((drawChart) => drawChart());
    const last = end();
    /** @type {const} */ (['loss', 'accuracy', 'lr']).forEach((name) => showReading(name, last));
    showLayerReading();
  }

  /** @param {'loss' | 'accuracy' | 'lr'} name @param {number} last */
  function showReading(name, last) {
    const canvas = canvases[name];
    const output = /** @type {HTMLOutputElement} */ (canvas.nextElementSibling);
    const near = step === null ? null : record.curves[name].near(step);
    let text = '';
    if (near) {
      const validated = record.validated.filter(([at]) => at <= step).at(-1);
      const values = { step: count(near.x), value: brief(near.mean), smoothed: brief(near.smooth), accuracy: percent(near.smooth) };
      text = { loss: t('step {step}: {value}, smoothed {smoothed}', values), accuracy: t('step {step}: {accuracy}', values),
        lr: t('step {step}: {value}', values) }[name];
      const validation = validated && { loss: brief(validated[1]), accuracy: percent(validated[2]), lr: '' }[name];
      if (validation) text = [text, t('validation {value}', { value: validation })].join('\n');
    }
    describeReading(canvas, { low: 0, high: Math.round(last), now: near?.x ?? 0,
      text: text.replace('\n', ', ') || (record.progress?.step ? tn('{n} step', '{n} steps', record.progress.step) : t('no run yet')) });
    output.textContent = text;
    output.classList.toggle('left', step !== null && step > last / 2);
  }

  function showLayerReading() {
    const { layers } = record;
    const canvas = find('.c-layers');
    const bar = layers[layer];
    const text = bar ? [bar[0], bar[1] === null ? t('not finite') : brief(bar[1])].join(': ') : '';
    canvas.nextElementSibling.textContent = text;
    describeReading(canvas, { low: 0, high: Math.max(0, layers.length - 1), now: layer ?? 0,
      text: text || (layers.length ? tn('{n} layer', '{n} layers', layers.length) : t('no run yet')) });
  }

  find('.log').addEventListener('click', () => {
    chosenLog = find('.log').getAttribute('aria-pressed') !== 'true';
    draw();
  });

  return {
    /** @param {RunRecord} next */
    show(next) {
      if (next !== record) step = layer = null;
      record = next;
      draw();
    },
  };
}
