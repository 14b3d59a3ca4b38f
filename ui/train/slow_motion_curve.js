// The loss of each pass, so far and to come, beside that of the textbook's loop.

import { drawAxes, openChart } from '../kit/chart.js';
import { drawLine, drawPoints } from '../kit/chart_shapes.js';
import { t } from '../kit/language.js';
import { digits } from './slow_motion_arithmetic.js';

/** @param {HTMLCanvasElement} canvas */
export function createCurve(canvas) {
  /** @type {import('./slow_motion_recording.js').Payload} */
  let payload;
  let done = 0;   // passes whose loss is computed
  const draw = openChart(canvas, {
    fontSize: 13,
    paint(sheet) {
      const { curve, textbook, passes } = payload;
      /** @param {(number | string)[]} losses @returns {[number, number | null][]} */
      const path = (losses) => losses.map((loss, i) => [i + 1, typeof loss === 'number' ? loss : null]);
      const top = Math.max(...[...path(curve), ...path(textbook ?? [])].map(([, loss]) => loss ?? 0), 0.1);
      const plot = drawAxes(sheet, {
        margins: { left: 52, right: 10, top: 12, bottom: 30 },
        x: { low: 1, high: passes, most: passes, whole: true },
        y: { low: 0, high: 1.08 * top, most: 4 },
      });
      const reached = path(curve).slice(0, done);
      if (textbook) drawLine(plot, path(textbook), { colour: 'quiet', dash: [5, 5] });
      drawLine(plot, path(curve), { colour: 'accent-strong', width: 1.5, opacity: 0.28 });
      drawLine(plot, reached, { colour: 'accent-strong', width: 3 });
      drawPoints(plot, reached, { colour: 'accent-strong', radius: 3.5 });
      drawPoints(plot, reached.slice(-1), { colour: 'card', radius: 7 });
      drawPoints(plot, reached.slice(-1), { colour: 'accent-strong', radius: 5 });
      return plot;
    },
  });

  /** @param {import('./slow_motion_recording.js').Payload} next @param {number} at place of the frame on screen */
  return (next, at) => {
    payload = next;
    done = next.frames.slice(0, at + 1).filter((frame) => frame.line === 'loss' && !frame.error).length;
    const losses = next.curve.slice(0, done).map(digits).join(', ');
    canvas.setAttribute('aria-label', done ? t('Loss of the passes so far: {losses}', { losses }) : t('No loss yet'));
    draw();
  };
}
