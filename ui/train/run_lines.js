// The line of each run, in the table and in the chart: its colour, its dashes and its number.

import { draw } from '../kit/dom.js';

const DASHES = [[], [9, 4], [2, 4], [12, 4, 2, 4], [5, 3], [1, 6]];
const COLOURS = ['accent', 'focus', 'naive', 'ink'];

/** @typedef {{ dash: number[], colour: string, number: number }} LineStyle */

export class RunLines {
  constructor() {
    /** @type {Map<string, number>} constant as long as the page is open */
    this.places = new Map();
  }

  /** Frees the lines of all other runs. @param {Set<string>} runs */
  keep(runs) {
    this.places = new Map([...this.places].filter(([run]) => runs.has(run)));
  }

  /** @param {string} run @returns {LineStyle} */
  of(run) {
    const taken = new Set(this.places.values());
    let free = 0;
    while (taken.has(free)) free += 1;
    const place = this.places.get(run) ?? free;
    this.places.set(run, place);
    return { dash: DASHES[place % DASHES.length], colour: COLOURS[place % COLOURS.length], number: place + 1 };
  }

  /** A sample of the run's line. @param {string} run */
  swatch(run) {
    const { dash, colour } = this.of(run);
    const box = draw('svg', { viewBox: '0 0 40 10', class: 'swatch', 'aria-hidden': 'true' });
    const line = draw('path', { d: 'M1 5H39', 'stroke-dasharray': dash.join(' ') });
    line.style.stroke = `var(--tp-${colour})`;
    box.append(line);
    return box;
  }
}
