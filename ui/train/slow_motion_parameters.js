// The parameters as pictures: value, .grad and last update of each.

import { makeTick } from '../kit/controls.js';
import { make, makeCode } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { digits } from './slow_motion_arithmetic.js';
import { withName } from './slow_motion_program.js';

/**
 * @typedef {import('./slow_motion_recording.js').Recording} Recording
 * @typedef {import('./slow_motion_recording.js').Weight} Weight
 */

const STATES = [t('value'), '.grad', t('last update')];
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * @param {HTMLElement} view
 * @param {(weight: Weight) => void} choose
 * @param {import('./slow_motion_program.js').Change} change
 */
export function createParameters(view, choose, change) {
  /** @type {HTMLElement[][]} */
  let blocks = [];      // of each parameter: its figures, in the order of STATES
  /** @type {Weight} */
  let weight;           // the chosen one

  /** @param {string} parameter @param {string} text @param {boolean} isOn @param {(isOn: boolean) => void} set */
  const tick = (parameter, text, isOn, set) => makeTick(isOn, set, t('{parameter}: {setting}', { parameter, setting: text }), make('span', text)).node;

  /** @param {Recording} recording @param {number} p @param {number} s */
  function newFigure(recording, p, s) {
    const { rows, columns, names } = recording.layout(p);
    const scale = recording.scales[p][s];
    const figure = make('figure', undefined, 'state');
    const caption = make('figcaption');
    caption.append(s === 1 ? makeCode('b', '.grad') : make('b', STATES[s]), make('span', '', 'note'));
    const cells = make('div', undefined, 'cells');
    cells.dataset.kind = rows > 1 && names.length > 1 ? 'pictures' : rows > 1 ? 'matrix' : 'vector';
    cells.style.setProperty('--count', String(names.length));
    cells.append(...names.map((name, unit) => {
      const item = make('span', undefined, 'item');
      const sheet = make('span', undefined, 'sheet');
      const canvas = make('canvas');
      Object.assign(canvas, { width: columns, height: rows });
      sheet.style.aspectRatio = `${columns} / ${rows}`;
      sheet.append(canvas, make('i', undefined, 'mark'));
      sheet.addEventListener('pointerdown', (event) => choose({ parameter: p, place: unit * rows * columns + pointed(event, sheet, rows, columns) }));
      item.append(sheet);
      if (name) item.append(make('small', name));
      return item;
    }));
    if (s === 0) {
      cells.tabIndex = 0;
      cells.setAttribute('role', 'group');
      cells.setAttribute('aria-label', t('{parameter}: the arrow keys choose a weight', { parameter: recording.payload.parameters[p].name }));
      cells.addEventListener('keydown', (event) => walk(event, recording, p, weight, choose));
    }
    figure.append(caption, cells, make('small', scale ? t('full colour: ±{scale}', { scale: digits(scale) }) : ''));
    return figure;
  }

  return {
    /** Lays out the parameters of another run. @param {Recording} recording */
    lay(recording) {
      const focused = [...view.querySelectorAll('input, .cells')].findIndex((node) => node === document.activeElement);
      blocks = [];
      view.replaceChildren(...recording.payload.parameters.map(({ name, shape, given, frozen }, p) => {
        const block = make('div', undefined, 'block');
        const title = make('div', undefined, 'title');
        title.append(make('code', name), make('small', `(${shape.join(', ')})`),
          tick(name, t('given to the optimizer'), given, (isOn) => change((settings) => ({ not_given: withName(settings.not_given, name, !isOn) }))),
          tick(name, 'requires_grad', !frozen, (isOn) => change((settings) => ({ frozen: withName(settings.frozen, name, !isOn) }))));
        blocks.push(STATES.map((_, s) => newFigure(recording, p, s)));
        const states = make('div', undefined, 'states');
        states.append(...blocks[p]);
        block.append(title, states);
        return block;
      }));
      if (focused >= 0) /** @type {HTMLElement | undefined} */ (view.querySelectorAll('input, .cells')[focused])?.focus();
    },

    /** @param {Recording} recording @param {number} at @param {Weight} chosen */
    show(recording, at, chosen) {
      weight = chosen;
      const style = getComputedStyle(view);
      const [above, below, lost] = ['--tp-accent', '--tp-naive', '--tp-ink'].map((name) => [1, 3, 5].map((i) => parseInt(style.getPropertyValue(name).trim().slice(i, i + 2), 16)));
      blocks.forEach((figures, p) => {
        const { rows, columns } = recording.layout(p);
        const size = rows * columns;
        const states = recording.states(at, p);
        figures.forEach((figure, s) => {
          const values = states[s];
          figure.classList.toggle('none', !values);
          figure.classList.toggle('fresh', isFresh(recording, at, p, s));
          const [text, isWrong] = note(recording, at, p, s, values);
          const caption = figure.querySelector('.note');
          caption.textContent = text;
          caption.classList.toggle('wrong', isWrong);
          figure.querySelectorAll('.sheet').forEach((sheet, unit) => {
            const [canvas, mark] = /** @type {[HTMLCanvasElement, HTMLElement]} */ ([...sheet.children]);
            paintNumbers(canvas, values?.slice(unit * size, (unit + 1) * size), recording.scales[p][s], { above, below, lost });
            const place = weight.parameter === p ? weight.place - unit * size : -1;
            mark.hidden = place < 0 || place >= size;
            mark.style.cssText = `left:${(100 * (place % columns)) / columns}%;top:${(100 * Math.floor(place / columns)) / rows}%;width:${100 / columns}%;height:${100 / rows}%`;
          });
        });
      });
    },
  };
}

/** @param {PointerEvent} event @param {HTMLElement} sheet @param {number} rows @param {number} columns */
function pointed({ clientX, clientY }, sheet, rows, columns) {
  const box = sheet.getBoundingClientRect();
  const x = Math.min(columns - 1, Math.max(0, Math.floor(((clientX - box.left) / box.width) * columns)));
  const y = Math.min(rows - 1, Math.max(0, Math.floor(((clientY - box.top) / box.height) * rows)));
  return y * columns + x;
}

/** @param {KeyboardEvent} event @param {Recording} recording @param {number} p @param {Weight} weight @param {(weight: Weight) => void} choose */
function walk(event, recording, p, weight, choose) {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const { rows, columns, names } = recording.layout(p);
  const place = weight.parameter === p ? weight.place : 0;
  let [unit, y, x] = [Math.floor(place / (rows * columns)), Math.floor(place / columns) % rows, place % columns];
  y = Math.min(rows - 1, Math.max(0, y + step[0]));
  x += step[1];
  if (x < 0 && unit > 0) { unit -= 1; x = columns - 1; }   // over the edge of a picture into the next one
  if (x >= columns && unit < names.length - 1) { unit += 1; x = 0; }
  choose({ parameter: p, place: unit * rows * columns + y * columns + Math.min(columns - 1, Math.max(0, x)) });
}

/** Whether the line of a frame has changed a state. @param {Recording} recording @param {number} at @param {number} p @param {number} s */
function isFresh({ payload: { frames } }, at, p, s) {
  if (!at) return false;
  const [before, now] = [frames[at - 1], frames[at]];
  return [now.w[p] !== before.w[p], now.g[p] !== before.g[p], now.line === 'step' && !now.error && now.w[p] !== before.w[p]][s];
}

/** @param {Recording} recording @param {number} at @param {number} p @param {number} s @param {Float32Array | null} values @returns {[string, boolean]} */
function note({ payload: { frames } }, at, p, s, values) {
  const { sums: { [p]: passes }, pass } = frames[at];
  if (s === 2 && !values) return [t('no step yet'), false];
  if (s !== 1) return ['', false];
  if (!values) return ['None', false];
  if (passes.length > 1) return [tn('sum of {n} pass', 'sum of {n} passes', passes.length), true];
  return [passes.length && passes[0] < pass ? t('of pass {pass}', { pass: passes[0] + 1 }) : '', false];
}

/** @param {HTMLCanvasElement} canvas @param {Float32Array | undefined} values @param {number} scale @param {Record<'above' | 'below' | 'lost', number[]>} colours */
function paintNumbers(canvas, values, scale, { above, below, lost }) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const picture = pen.createImageData(canvas.width, canvas.height);
  values?.forEach((value, i) => {
    const isLost = !Number.isFinite(value);
    const share = isLost ? 1 : scale ? Math.abs(value) / scale : 0;
    // the root keeps small numbers visible beside large ones
    picture.data.set([...(isLost ? lost : value < 0 ? below : above), Math.round(255 * Math.sqrt(share))], 4 * i);
  });
  pen.putImageData(picture, 0, 0);
}
