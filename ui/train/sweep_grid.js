// The grid of a sweep: a cell for each run, with its accuracy and its curve, filled while the runs go on.

import { draw, findAll, finder, make } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { brief, percent } from '../kit/numbers.js';

/**
 * @typedef {import('./sweep_data.js').SweepData} SweepData
 * @typedef {ReturnType<typeof import('./sweep_form.js').createNames>} Names
 */

/** @param {number} epochs */
const epochsText = (epochs) => tn('{n} epoch', '{n} epochs', epochs);

/** The two values of a cell. @param {SweepData} sweep @param {Names} names @param {number} place */
export function cellName(sweep, names, place) {
  const [row, column] = sweep.pair(place);
  const { rows, columns } = sweep.start;
  return t('{rows} {row}, {columns} {column}',
    { rows: names.label(rows), row: names.value(rows, row), columns: names.label(columns), column: names.value(columns, column) });
}

const heading = (/** @type {string} */ text, /** @type {'row' | 'col'} */ scope) => Object.assign(make('th', text), { scope });

/**
 * @param {HTMLElement} element
 * @param {Names} names
 * @param {Record<string, string>} endings how a run can end, in words
 * @param {(place: number) => void} pick
 */
export function createGrid(element, names, endings, pick) {
  const find = finder(element);

  /** @param {number} place */
  function newCell(place) {
    const button = Object.assign(make('button', undefined, 'cell'), { type: 'button' });
    const curve = draw('svg', { viewBox: '0 0 100 26', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    curve.append(draw('path'));
    button.append(make('b'), curve, make('small'));
    button.addEventListener('click', () => pick(place));
    const cell = make('td');
    cell.append(button);
    return cell;
  }

  /** @param {SweepData} sweep @param {number} place @param {boolean} isGoing @returns {{ number: string, note: string, label: string }} */
  function describe(sweep, place, isGoing) {
    const { start, points, end } = sweep.cells[place];
    if (!end) {
      const isRunning = isGoing && start;
      const note = isRunning ? t('step {step} of {steps}', { step: points.at(-1)?.[0] ?? 0, steps: start.steps }) : isGoing ? t('waiting') : t('not run');
      return { number: isRunning ? '…' : '', note, label: isRunning ? t('runs now') : note };
    }
    if (end.accuracy === null) {
      const number = endings[end.state];
      return { number, note: end.steps ? tn('after {n} step', 'after {n} steps', end.steps) : '', label: `${number}. ${end.reason}` };
    }
    const number = percent(end.accuracy);
    const epochs = sweep.isWhole(end) ? epochsText(sweep.start.epochs) : t('{epochs} of {all} epochs', { epochs: brief(end.epochs, 2), all: sweep.start.epochs });
    const note = place === sweep.best ? t('★ best · {epochs}', { epochs }) : epochs;
    return { number, note, label: t('validation accuracy {share}, {note}', { share: number, note }) };
  }

  return {
    /** Lays out the cells of a new sweep. @param {SweepData} sweep */
    lay({ start }) {
      find('.result').hidden = !start;
      if (!start) return;
      const { rows, row_values: rowValues, columns, column_values: columnValues } = start;
      find('.grid caption').textContent = t('Down: {rows}. Across: {columns}.', { rows: names.label(rows), columns: names.label(columns) });
      const head = make('tr');
      head.append(make('td'), ...columnValues.map((value) => heading(names.value(columns, value), 'col')));
      find('.grid thead').replaceChildren(head);
      find('.grid tbody').replaceChildren(...rowValues.map((value, row) => {
        const line = make('tr');
        line.append(heading(names.value(rows, value), 'row'), ...columnValues.map((_, column) => newCell(row * columnValues.length + column)));
        return line;
      }));
    },

    /** @param {SweepData} sweep @param {number | null} picked the chosen cell @param {boolean} isGoing */
    show(sweep, picked, isGoing) {
      const { best, accuracies } = sweep;
      const [low, high] = [Math.min(...accuracies), Math.max(...accuracies)];
      // one scale for all curves: a lost run must not flatten the others
      const top = 1.15 * Math.max(1e-9, Math.min(...sweep.cells.filter(({ points }) => points.length).map(({ points }) => points[0][1])));
      findAll(element, '.cell').forEach((button, place) => {
        const { start, points, end } = sweep.cells[place];
        const { number, note, label } = describe(sweep, place, isGoing);
        const isLost = end && end.accuracy === null;
        const [numberView, curve, noteView] = button.children;
        numberView.textContent = number;
        noteView.textContent = note;
        button.className = 'cell';
        button.classList.toggle('lost', Boolean(isLost));
        button.classList.toggle('now', Boolean(isGoing && start && !end));
        button.classList.toggle('waiting', !start && !end);
        button.classList.toggle('best', place === best);
        const share = end && !isLost && high > low ? (45 * (end.accuracy - low)) / (high - low) : 0;
        button.style.setProperty('--share', `${share.toFixed(1)}%`);
        button.setAttribute('aria-pressed', String(place === picked));
        button.setAttribute('aria-label', `${cellName(sweep, names, place)}: ${label}`);
        button.title = isLost ? end.reason : '';
        curve.style.display = points.length > 1 ? '' : 'none';
        const path = points.map(([step, loss]) => `${((100 * step) / start.steps).toFixed(1)} ${(25 - 24 * Math.min(1, loss / top)).toFixed(1)}`);
        if (points.length > 1) curve.firstChild.setAttribute('d', `M${path.join('L')}`);
      });
      find('.legend').hidden = accuracies.length < 2 || high === low;
      find('.low').textContent = t('lowest {share}', { share: percent(low) });
      find('.high').textContent = t('highest {share}', { share: percent(high) });
    },

    /** The same as a table. @param {SweepData} sweep @param {boolean} isGoing */
    showTable(sweep, isGoing) {
      const { rows, columns } = sweep.start;
      const head = make('tr');
      head.append(...[names.label(rows), names.label(columns), t('Accuracy'), t('Loss'), t('Epochs'), t('Training'), t('How it ended')].map((text) => heading(text, 'col')));
      find('.numbers thead').replaceChildren(head);
      find('.numbers tbody').replaceChildren(...sweep.cells.map(({ start, end }, place) => {
        const [row, column] = sweep.pair(place);
        const unknown = start && isGoing ? t('runs now') : isGoing ? t('waits') : t('not run');
        const rest = end ? [percent(end.accuracy), brief(end.loss, 4), brief(end.epochs, 2), t('{n} s', { n: end.seconds.toFixed(1) }), end.reason || endings[end.state]]
          : ['–', '–', '–', '–', unknown];
        const line = make('tr');
        line.append(...[names.value(rows, row), names.value(columns, column), ...rest].map((text) => make('td', text)));
        return line;
      }));
    },
  };
}
