// The loss against the learning rate, step by step, with the suggestions as marks.

import { drawAxes, describeReading, openChart, write } from '../kit/chart.js';
import { clip, drawLabelledVerticals, drawLine, drawPoints, drawVerticals } from '../kit/chart_shapes.js';
import { t, tn } from '../kit/language.js';
import { brief } from '../kit/numbers.js';

/**
 * @typedef {{ lr: number, loss: number, average: number }} Step average: the running average of the losses
 * @typedef {{ at: number, label: string } & import('../kit/chart_shapes.js').Stroke} Mark
 */

const MARGINS = { left: 44, right: 12, top: 62, bottom: 40 };
const TITLE = t('learning rate of the step, each a fixed multiple of the one before');
const SHORT_TITLE = t('learning rate of the step');

/** The top of the chart: the explosion itself may leave it, the steps before matter. @param {Step[]} steps */
export function ceiling(steps) {
  if (!steps.length) return 3;
  const [{ average: first }] = steps;
  return Math.max(first * 1.25, Math.min(Math.max(...steps.map(({ average }) => average)), first * 1.7));
}

/** Place of the step whose learning rate is nearest, on a logarithmic axis. @param {Step[]} steps @param {number} lr */
export function nearest(steps, lr) {
  const distances = steps.map((step) => Math.abs(Math.log(step.lr / lr)));
  return distances.indexOf(Math.min(...distances));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} reading shows the step under the pointer
 * @param {() => { span: { low: number, high: number }, steps: Step[], marks: Mark[] }} getContent
 */
export function createRangeChart(canvas, reading, getContent) {
  /** @type {number | null} */
  let at = null;   // place of the step under the pointer

  /** @param {number | null} place */
  function read(place) {
    const { steps } = getContent();
    at = steps.length ? place : null;
    const step = at === null ? null : steps[at];
    const text = step ? t('Step {step}: learning rate {lr}, loss {loss}, running average {average}.',
      { step: at + 1, lr: brief(step.lr, 3), loss: brief(step.loss, 4), average: brief(step.average, 4) }) : '';
    reading.textContent = text;
    describeReading(canvas, { low: 0, high: steps.length, now: (at ?? -1) + 1, text: text || (steps.length ? tn('{n} step', '{n} steps', steps.length) : t('no step yet')) });
    draw();
  }

  const draw = openChart(canvas, {
    fontSize: 12.5,
    reading: () => {
      const { steps } = getContent();
      return steps.length ? { at, low: 0, high: steps.length - 1, step: 1 } : null;
    },
    locate: (lr) => nearest(getContent().steps, lr),
    read,
    paint(sheet) {
      const { span, steps, marks } = getContent();
      const top = ceiling(steps);
      const plot = drawAxes(sheet, {
        margins: MARGINS,
        x: { ...span, log: true, grid: true, most: (sheet.width - MARGINS.left - MARGINS.right) / 46 },
        y: { low: 0, high: top, most: 5 },
      });
      write(sheet, sheet.width > 520 ? TITLE : SHORT_TITLE, plot.right, sheet.height - 4, { align: 'right' });
      const isBelow = (/** @type {number} */ value) => value <= top;
      drawPoints(plot, steps.filter(({ loss }) => isBelow(loss)).map(({ lr, loss }) => [lr, loss]), { colour: 'bar', radius: 2.2, opacity: 0.7 });
      const exploded = steps.findIndex(({ average }) => !isBelow(average));
      const visible = exploded < 0 ? steps : steps.slice(0, exploded + 1);
      clip(plot, () => drawLine(plot, visible.map(({ lr, average }) => [lr, average]), { colour: 'accent', width: 2.5 }));
      drawLabelledVerticals(plot, marks.filter(({ at: lr }) => lr >= span.low && lr <= span.high));
      const step = at === null ? null : steps[at];
      if (step) {
        drawVerticals(plot, [step.lr], { colour: 'line-strong' });
        if (isBelow(step.average)) {
          drawPoints(plot, [[step.lr, step.average]], { colour: 'card', radius: 6 });
          drawPoints(plot, [[step.lr, step.average]], { colour: 'ink', radius: 4 });
        }
      }
      return plot;
    },
  });

  return {
    /** After a new step, or another mark. */
    draw() { read(at); },
    /** For a new test. */
    clear() { read(null); },
  };
}
