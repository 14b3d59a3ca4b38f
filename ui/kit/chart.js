// The charts of the page: axes, lines, points and names, read by pointer and by keyboard.
//
// A chart is a canvas, so that thousands of points cost a few strokes; to a screen reader it is a slider. `openChart` calls
// `paint` whenever it has to be drawn, and `paint` draws: first `axes`, which returns the plot, then what chart_shapes.js
// has. Colours are the names of the theme: 'accent' is --tp-accent.

import { brief, powerLabel, powersOfTen, ticks } from './numbers.js';

/** @typedef {{ toPixel: (value: number) => number, toValue: (pixel: number) => number }} Scale */

/**
 * An empty canvas.
 *
 * @typedef {object} Sheet
 * @property {CanvasRenderingContext2D} pen in CSS pixels
 * @property {number} width
 * @property {number} height
 * @property {(name: string) => string} colour
 * @property {string} font its family
 * @property {number} fontSize
 */

/**
 * @typedef {object} Axis
 * @property {number} low
 * @property {number} high
 * @property {boolean} [log] whether it is logarithmic; `low` is above 0 then
 * @property {number} [most] most marks, about; 0 for none
 * @property {(value: number) => string} [label]
 * @property {boolean} [whole] whether only whole numbers are marked
 * @property {boolean} [grid] whether a line goes from each mark across the plot: yes for y, no for x unless it is set
 */

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Margins in pixels, where labels stand */
/** @typedef {Sheet & { margins: Margins, x: Scale, y: Scale, bottom: number, right: number }} Plot with its pixels */

/**
 * How a chart is read at the moment.
 *
 * @typedef {object} Reading
 * @property {number | null} at where, null while nobody reads it
 * @property {number} low
 * @property {number} high
 * @property {number} step of the arrow keys; ten of it are a page
 */

// --- the canvas ----------------------------------------------------------------------------------------------------

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} options
 * @param {(sheet: Sheet) => Plot} options.paint
 * @param {() => Reading | null} [options.reading] null while there is nothing to read
 * @param {(at: number | null) => unknown} [options.read] is called when the visitor moves on, or stops reading
 * @param {(x: number) => number} [options.locate] from a place on the x axis to `at`, if the two differ
 * @param {boolean} [options.endsWithFocus] whether the reading ends when the chart loses the focus
 * @param {number} [options.fontSize]
 * @returns {() => void} draws the chart soon: at most once a frame, and only while it is visible
 */
export function openChart(canvas, { paint, reading, read, locate = (x) => x, endsWithFocus = true, fontSize = 12 }) {
  /** @type {Plot | null} */
  let plot = null;
  let isDue = false;
  const draw = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      const sheet = emptySheet(canvas, fontSize);
      if (sheet) plot = paint(sheet);
    });
  };
  if (reading && read) {
    const point = (/** @type {PointerEvent} */ event) => {
      const range = reading();
      if (!plot || !range) return;
      read(clamp(locate(plot.x.toValue(event.clientX - canvas.getBoundingClientRect().left)), range.low, range.high));
    };
    canvas.addEventListener('pointermove', point);
    canvas.addEventListener('pointerdown', point);
    canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') read(null); });
    if (endsWithFocus) canvas.addEventListener('blur', () => read(null));
    canvas.addEventListener('keydown', (event) => {
      const range = reading();
      const next = range && placeAfter(event.key, range);
      if (next === undefined || !range) return;
      event.preventDefault();
      read(next);
    });
  }
  new ResizeObserver(draw).observe(canvas);
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ['class'] });   // dark or light
  draw();
  return draw;
}

/** @type {Record<string, number>} steps */
const MOVES = { ArrowRight: 1, ArrowUp: 1, PageUp: 10, ArrowLeft: -1, ArrowDown: -1, PageDown: -10 };

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * Where a key leads: null ends the reading, undefined: the key does nothing in a chart.
 *
 * @param {string} key
 * @param {Reading} reading
 * @returns {number | null | undefined}
 */
export function placeAfter(key, { at, low, high, step }) {
  if (key === 'Escape') return null;
  if (key === 'Home') return low;
  if (key === 'End') return high;
  const move = MOVES[key];
  if (!move) return undefined;
  if (at === null) return move > 0 ? low : high;
  return clamp(at + move * step, low, high);
}

/**
 * What a screen reader says about the chart.
 *
 * @param {HTMLElement} canvas
 * @param {{ low: number, high: number, now: number, text: string }} value
 */
export function describeReading(canvas, { low, high, now, text }) {
  for (const [name, value] of Object.entries({ min: low, max: high, now, text })) canvas.setAttribute(`aria-value${name}`, String(value));
}

/** @param {HTMLCanvasElement} canvas @param {number} fontSize @returns {Sheet | null} null while it is hidden */
function emptySheet(canvas, fontSize) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const pen = canvas.getContext('2d');
  if (!width || !height || !pen) return null;
  const ratio = Math.min(2, window.devicePixelRatio || 1);   // sharp on every screen
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineJoin = 'round';
  const style = getComputedStyle(canvas);
  return { pen, width, height, fontSize, font: style.fontFamily, colour: (name) => style.getPropertyValue(`--tp-${name}`).trim() };
}

// --- axes ----------------------------------------------------------------------------------------------------------

/**
 * From numbers to pixels and back.
 *
 * @param {{ low: number, high: number, log?: boolean }} axis
 * @param {number} start pixel of `low`
 * @param {number} end pixel of `high`
 * @returns {Scale}
 */
export function makeScale({ low, high, log = false }, start, end) {
  const place = (/** @type {number} */ value) => (log ? Math.log10(Math.max(value, 1e-30)) : value);
  const first = place(low);
  const unit = (end - start) / (place(high) - first || 1);
  return {
    toPixel: (value) => start + unit * (place(value) - first),
    toValue: (pixel) => (log ? 10 ** (first + (pixel - start) / unit) : first + (pixel - start) / unit),
  };
}

/** The numbers that an axis marks, each with its label. @param {Axis} axis @returns {[number, string][]} */
export function listMarks({ low, high, log = false, most = 5, whole = false, label = log ? powerLabel : brief }) {
  if (!most) return [];
  const values = log ? powersOfTen(low, high, most) : ticks(low, high, most);
  return values.filter((value) => !whole || Number.isInteger(value)).map((value) => [value, label(value)]);
}

/** @param {CanvasRenderingContext2D} pen @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function rule(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

/**
 * Draws the grid and its labels.
 *
 * @param {Sheet} sheet
 * @param {{ margins: Margins, x: Axis, y: Axis }} frame
 * @returns {Plot}
 */
export function drawAxes(sheet, { margins, x, y }) {
  const { pen, width, height } = sheet;
  const [right, bottom] = [width - margins.right, height - margins.bottom];
  const plot = { ...sheet, margins, right, bottom, x: makeScale(x, margins.left, right), y: makeScale(y, bottom, margins.top) };
  pen.lineWidth = 1;
  pen.strokeStyle = sheet.colour('line');
  for (const [value, label] of listMarks(y)) {
    const at = Math.round(plot.y.toPixel(value)) + 0.5;
    rule(pen, margins.left, at, right, at);
    write(sheet, label, margins.left - 7, clamp(at, 6, height - 6), { align: 'right', baseline: 'middle' });
  }
  for (const [value, label] of listMarks(x)) {
    const at = plot.x.toPixel(value);
    if (x.grid) rule(pen, Math.round(at) + 0.5, margins.top, Math.round(at) + 0.5, bottom);
    const half = pen.measureText(label).width / 2;
    write(sheet, label, clamp(at, half, width - half), bottom + sheet.fontSize + 4, { align: 'center' });
  }
  return plot;
}

/**
 * @param {Sheet} sheet
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ colour?: string, align?: CanvasTextAlign, baseline?: CanvasTextBaseline, weight?: number, halo?: boolean }} [look]
 *   halo: whether it stays readable above lines
 */
export function write({ pen, colour, font, fontSize }, text, x, y, look = {}) {
  pen.font = `${look.weight ?? 400} ${fontSize}px ${font}`;
  pen.textAlign = look.align ?? 'left';
  pen.textBaseline = look.baseline ?? 'alphabetic';
  if (look.halo) {
    pen.strokeStyle = colour('card');
    pen.lineWidth = 4;
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour(look.colour ?? 'quiet');
  pen.fillText(text, x, y);
}
