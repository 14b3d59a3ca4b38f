// What a chart shows between its axes: lines, bands, points, bars, and names that keep clear of one another.

import { write } from './chart.js';

/** @typedef {import('./chart.js').Plot} Plot */
/** @typedef {readonly [x: number, y: number | null, ...rest: unknown[]]} Point a y that is null interrupts a line */
/** @typedef {{ colour: string, width?: number, dash?: number[], opacity?: number }} Stroke */

/** Draws with nothing outside of the plot. @param {Plot} plot @param {() => void} draw */
export function clip({ pen, margins, right, bottom }, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(margins.left, margins.top - 6, right - margins.left + Math.min(10, margins.right), bottom - margins.top + 9);
  pen.clip();
  draw();
  pen.restore();
}

/** @param {Plot} plot @param {Stroke} stroke @param {() => void} path */
function stroke({ pen, colour }, { colour: name, width = 2, dash = [], opacity = 1 }, path) {
  pen.save();
  pen.strokeStyle = colour(name);
  pen.lineWidth = width;
  pen.globalAlpha = opacity;
  pen.setLineDash(dash);
  pen.beginPath();
  path();
  pen.stroke();
  pen.restore();
}

/** A line through points from left to right. @param {Plot} plot @param {readonly Point[]} list @param {Stroke} look */
export function drawLine(plot, list, look) {
  const { pen, x, y } = plot;
  stroke(plot, look, () => {
    /** @type {number | null} */
    let before = null;
    list.forEach(([at, value], i) => {
      if (value === null || !Number.isFinite(value)) {
        before = null;
        return;
      }
      const across = x.toPixel(at);
      if (before !== null && across - before < 0.7 && i < list.length - 1) return;
      if (before === null) pen.moveTo(across, y.toPixel(value));
      else pen.lineTo(across, y.toPixel(value));
      before = across;
    });
  });
}

/**
 * The lowest and the highest value in each half pixel, so that no spike is lost however many there are.
 *
 * @param {readonly (readonly [x: number, low: number, high: number, ...rest: unknown[]])[]} buckets from left to right
 * @param {(x: number) => number} toPixel
 * @returns {[pixel: number, low: number, high: number][]}
 */
export function findExtremes(buckets, toPixel) {
  /** @type {[number, number, number][]} */
  const columns = [];
  for (const [x, low, high] of buckets) {
    const pixel = Math.round(toPixel(x) * 2) / 2;
    const last = columns[columns.length - 1];
    if (last?.[0] !== pixel) columns.push([pixel, low, high]);
    else {
      last[1] = Math.min(last[1], low);
      last[2] = Math.max(last[2], high);
    }
  }
  return columns;
}

/**
 * Raw values as one thin line from extreme to extreme.
 *
 * @param {Plot} plot
 * @param {Parameters<typeof findExtremes>[0]} buckets
 * @param {Stroke} look
 */
export function drawBand(plot, buckets, look) {
  const { pen, x, y } = plot;
  stroke(plot, { width: 1, ...look }, () => {
    for (const [pixel, low, high] of findExtremes(buckets, x.toPixel)) {
      pen.lineTo(pixel, y.toPixel(high));
      if (high !== low) pen.lineTo(pixel, y.toPixel(low));
    }
  });
}

/** @param {Plot} plot @param {readonly Point[]} list @param {{ colour: string, radius: number, opacity?: number }} look */
export function drawPoints({ pen, colour, x, y }, list, { colour: name, radius, opacity = 1 }) {
  pen.fillStyle = colour(name);
  pen.globalAlpha = opacity;
  pen.beginPath();
  for (const [at, value] of list) {
    if (value === null || !Number.isFinite(value)) continue;
    pen.moveTo(x.toPixel(at) + radius, y.toPixel(value));
    pen.arc(x.toPixel(at), y.toPixel(value), radius, 0, 7);
  }
  pen.fill();
  pen.globalAlpha = 1;
}

/** Vertical lines. @param {Plot} plot @param {readonly number[]} list places on the x axis @param {Stroke} look */
export function drawVerticals(plot, list, look) {
  const { pen, x, margins, bottom } = plot;
  stroke(plot, { width: 1, ...look }, () => {
    for (const at of list) {
      const pixel = Math.round(x.toPixel(at)) + 0.5;
      pen.moveTo(pixel, margins.top);
      pen.lineTo(pixel, bottom);
    }
  });
}

/**
 * Vertical lines with labels above the plot, each on a row of its own: they may be close together.
 *
 * @param {Plot} plot
 * @param {readonly ({ at: number, label: string } & Stroke)[]} list
 */
export function drawLabelledVerticals(plot, list) {
  const { pen, width, x, bottom, fontSize } = plot;
  [...list].sort((a, b) => a.at - b.at).forEach(({ at, label, ...look }, row) => {
    const pixel = x.toPixel(at);
    const y = fontSize + row * (fontSize + 2.5);
    stroke(plot, { width: 1.75, ...look }, () => {
      pen.moveTo(pixel, y + 4);
      pen.lineTo(pixel, bottom);
    });
    const isNearTheEnd = pixel > width - 150;
    write(plot, label, pixel + (isNearTheEnd ? 2 : -2), y,
      { align: isNearTheEnd ? 'right' : 'left', colour: look.colour, weight: 600, halo: true });
  });
}

/**
 * A bar for each number from left to right; the x axis goes from 0 to their count.
 *
 * @param {Plot} plot
 * @param {readonly { value: number, colour: string, opacity?: number }[]} list
 */
export function drawBars({ pen, colour, x, y, bottom }, list) {
  const wide = Math.min(26, (x.toPixel(1) - x.toPixel(0)) * 0.72);
  const corner = Math.min(3, wide / 3);
  list.forEach(({ value, colour: name, opacity = 1 }, i) => {
    const top = Math.min(y.toPixel(value), bottom - 1.5);
    pen.fillStyle = colour(name);
    pen.globalAlpha = opacity;
    pen.beginPath();
    pen.roundRect(x.toPixel(i + 0.5) - wide / 2, top, wide, bottom - top, [corner, corner, 0, 0]);
    pen.fill();
  });
  pen.globalAlpha = 1;
}

/** @typedef {{ x: number, y: number, width: number }} Place of a name: its left end and its middle, in pixels */

/**
 * Moves names apart that would lie on one another: downwards, and upwards again where there is no room below.
 *
 * @template {Place} P
 * @param {readonly P[]} places
 * @param {number} bottom
 * @param {number} height of a line of text
 * @returns {P[]} from top to bottom
 */
export function separate(places, bottom, height) {
  const overlap = (/** @type {Place} */ a, /** @type {Place} */ b) =>
    a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < height;
  /** @type {P[]} */
  const result = [];
  for (const place of [...places].sort((a, b) => a.y - b.y)) {
    const copy = { ...place };
    while (result.some((other) => overlap(copy, other))) copy.y += 1;
    result.push(copy);
  }
  result.toReversed().forEach((place, i, all) => {
    place.y = Math.min(place.y, bottom);
    while (all.slice(0, i).some((other) => overlap(place, other))) place.y -= 1;
  });
  return result;
}

/**
 * Names of lines at their ends.
 *
 * @param {Plot} plot
 * @param {readonly { text: string, at: Point, colour: string }[]} list `at`: the last point of the line
 */
export function drawNames(plot, list) {
  const { pen, width, x, y, bottom, fontSize } = plot;
  pen.font = `600 ${fontSize}px ${plot.font}`;
  const places = list.map(({ text, at: [end, value], colour }) => {
    const room = pen.measureText(text).width + 4;
    return { text, colour, width: room, x: Math.min(x.toPixel(end) + 8, width - room), y: y.toPixel(value ?? 0) };
  });
  for (const place of separate(places, bottom - 4, fontSize + 3)) {
    write(plot, place.text, place.x, place.y, { colour: place.colour, weight: 600, baseline: 'middle', halo: true });
  }
}
