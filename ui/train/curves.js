// The curves of the runs, one over the other.
//
// Each run keeps its colour and its dashes; its name is at the end of its line, and the list below gives the values at the
// step under the pointer.

import { describeReading, drawAxes, openChart, write } from '../kit/chart.js';
import { clip, drawLine, drawNames, drawPoints, drawVerticals } from '../kit/chart_shapes.js';
import { findAll, finder, make } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { count, minus, percent } from '../kit/numbers.js';

/** @typedef {import('../kit/chart_shapes.js').Point} Point */
/** @typedef {import('../kit/runs.js').Run} Run */
/** @typedef {{ loss: Point[], meanOf: number, validated: import('./run_record.js').News['validated'] }} Curve meanOf: values a point of `loss` is the mean of */

const NARROW = 560;   // pixels
const TITLES = { accuracy: t('Validation accuracy'), validation: t('Validation loss'), loss: t('Training loss') };
const MOST_POINTS = 160;

/** @typedef {keyof typeof TITLES} Metric */

/**
 * The curve of a run in progress, from the data on the page.
 *
 * @param {{ loss: import('../kit/series.js').Series, validated: Curve['validated'] }} live
 * @returns {Curve}
 */
export function liveCurve({ loss: { buckets, perBucket }, validated }) {
  const size = Math.max(1, Math.ceil(buckets.length / MOST_POINTS));
  /** @type {Point[]} */
  const means = [];
  for (let start = 0; start < buckets.length; start += size) {
    const group = buckets.slice(start, start + size);
    const [first, , , , values] = group[group.length - 1];
    const [sum, all] = group.reduce(([total, number], [, , , bucketSum, bucketCount]) => [total + bucketSum, number + bucketCount], [0, 0]);
    means.push([first + values - 1, sum / all]);
  }
  return { loss: means, meanOf: size * perBucket, validated };
}

/** @param {Curve} curve @param {Metric} metric @returns {Point[]} */
const pointsOf = (curve, metric) =>
  (metric === 'loss' ? curve.loss : curve.validated.map(([step, loss, accuracy]) => [step, metric === 'accuracy' ? accuracy : loss]));

const isNumber = (/** @type {Point} */ [, value]) => value !== null && Number.isFinite(value);

/** @param {Metric} metric @param {number} value */
function valueText(metric, value) {
  if (metric === 'accuracy') return percent(value);
  return minus(value >= 0.1 && value < 100 ? value.toFixed(3) : value.toPrecision(3));
}

/** The ends of the y axis. @param {number[]} values @param {Metric} metric */
export function yAxis(values, metric) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // a lost run would press all the others to the ground
  if (metric !== 'accuracy' && low > 0 && high / low > 50) {
    const room = (high / low) ** 0.06;
    return { low: low / room, high: high * room, log: true };
  }
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.05;
  if (metric !== 'accuracy') return { low: low - room, high: high + room, log: false };
  return { low: Math.max(0, low - room), high: Math.min(1, high + room), log: false, label: (/** @type {number} */ value) => `${+(100 * value).toFixed(2)} %` };
}

/**
 * @param {HTMLElement} element
 * @param {import('./run_lines.js').RunLines} lines
 */
export function openCurves(element, lines) {
  const find = finder(element);
  const canvas = /** @type {HTMLCanvasElement} */ (find('.plot canvas'));
  /** @type {{ run: Run, curve: Curve, points: Point[] }[]} */
  let drawn = [];
  /** @type {{ run: Run, curve: Curve }[]} */
  let curves = [];
  /** @type {Metric} */
  let metric = 'accuracy';
  /** @type {number | null} */
  let step = null;   // under the pointer

  const furthest = () => Math.max(1, ...drawn.flatMap(({ points }) => points.map(([at]) => at)));
  const values = () => drawn.flatMap(({ points }) => points.filter(isNumber).map(([, value]) => value));

  /** @param {import('../kit/chart.js').Sheet} sheet */
  function paint(sheet) {
    const isNarrow = sheet.width < NARROW;
    const plot = drawAxes(sheet, {
      margins: { left: 58, right: isNarrow ? 26 : 150, top: 10, bottom: 34 },
      x: { low: 0, high: furthest(), most: isNarrow ? 4 : 8, whole: true, label: count },
      y: { most: 5, ...yAxis(values(), metric) },
    });
    write(sheet, t('step'), plot.margins.left - 12, plot.bottom + sheet.fontSize + 4, { align: 'right' });
    clip(plot, () => {
      for (const { run, points: list } of drawn) {
        const { colour, dash } = lines.of(run.id);
        drawLine(plot, list, { colour, dash, width: 2.2 });
        if (metric !== 'loss' && list.length < 60) drawPoints(plot, list, { colour, radius: 3 });
      }
      if (step !== null) drawVerticals(plot, [step], { colour: 'ink', opacity: 0.6 });
    });
    drawNames(plot, drawn.filter(({ points }) => points.some(isNumber)).map(({ run: { id, name }, points: list }) => {
      const { colour, number } = lines.of(id);
      return { text: isNarrow ? String(number) : name.length > 17 ? `${name.slice(0, 16)}…` : name, at: list.findLast(isNumber), colour };
    }));
    return plot;
  }

  const draw = openChart(canvas, {
    paint,
    fontSize: 13,
    endsWithFocus: false,   // the list below would change its height while a button is being pressed
    reading: () => (values().length ? { at: step, low: 0, high: furthest(), step: Math.max(1, furthest() / 50) } : null),
    read(at) {
      step = at;
      draw();
      showValues();
    },
  });

  function showValues() {
    const group = metric === 'loss' ? Math.max(...drawn.map(({ curve }) => curve.meanOf)) : 1;
    const sentences = [step === null ? t('Last values.') : t('Near step {step}.', { step: count(Math.round(step)) })];
    if (group > 1) sentences.push(tn('Each point is a mean of at most {n} value; its step is the last of them.', 'Each point is a mean of at most {n} values; its step is the last of them.', group));
    if (yAxis(values(), metric).log) sentences.push(t('The axis is logarithmic.'));
    if (step === null) sentences.push(t('Point at the chart or use the arrow keys to read others.'));
    find('.reading').textContent = sentences.join(' ');
    const spoken = [find('.reading').textContent];
    find('.legend').replaceChildren(...drawn.map(({ run, points: list }) => {
      const finite = list.filter(isNumber);
      const near = step === null ? finite.at(-1)
        : finite.reduce((best, point) => (best && Math.abs(best[0] - step) <= Math.abs(point[0] - step) ? best : point), null);
      const texts = [`${lines.of(run.id).number}. ${run.name}`, near ? valueText(metric, near[1]) : '–', near ? t('step {step}', { step: count(near[0]) }) : ''];
      spoken.push(texts.join(' '));
      const item = make('li');
      item.append(lines.swatch(run.id), make('span', texts[0], 'who'), make('b', texts[1]), make('small', texts[2]));
      return item;
    }));
    describeReading(canvas, { low: 0, high: furthest(), now: Math.round(step ?? furthest()), text: spoken.join(', ') });
  }

  function show() {
    drawn = curves.map(({ run, curve }) => ({ run, curve, points: pointsOf(curve, metric) }));
    find('.curves').hidden = !curves.some(({ curve }) => curve.loss.length || curve.validated.length);
    findAll(element, '[data-show]').forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.show === metric)));
    const isEmpty = !values().length;
    canvas.hidden = isEmpty;
    find('.none').hidden = !isEmpty;
    find('.none').textContent = metric === 'loss' ? t('No step yet.') : t('No validation yet.');
    if (isEmpty) {
      find('.legend').replaceChildren();
      find('.reading').textContent = '';
      return;
    }
    canvas.setAttribute('aria-label', tn(
      '{metric} by step of {n} run. The arrow keys read the values at a step; the list below shows them.',
      '{metric} by step of {n} runs. The arrow keys read the values at a step; the list below shows them.',
      drawn.length, { metric: TITLES[metric] },
    ));
    if (step !== null) step = Math.min(step, furthest());
    draw();
    showValues();
  }

  findAll(element, '[data-show]').forEach((button) => button.addEventListener('click', () => {
    metric = button.dataset.show;
    show();
  }));

  return {
    /** @param {{ run: Run, curve: Curve }[]} next */
    show(next) {
      curves = next;
      show();
    },
  };
}
