// The sweep: two hyperparameters with up to three values each, and a grid that fills while the runs go on.

import { fillCodeBlocks } from '../kit/controls.js';
import { finder, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { latest } from '../kit/latest.js';
import { brief, count, percent } from '../kit/numbers.js';
import { choose } from './choices.js';
import { createSearch, onOfferedSweep } from './search.js';
import { SweepData } from './sweep_data.js';
import { createNames, createSweepForm } from './sweep_form.js';
import { cellName, createGrid } from './sweep_grid.js';

/** @param {import('../kit/control.js').Context} context */
export function mount(context) {
  const { element, constants } = context;
  const find = finder(element);
  fillCodeBlocks(element);
  let sweep = new SweepData();
  /** @type {number | null} */
  let picked = null;     // place of the chosen cell
  const names = createNames(constants.axes);
  const nameOf = (/** @type {number} */ place) => cellName(sweep, names, place);
  const grid = createGrid(element, names, constants.endings, pick);

  const search = createSearch(context, 'sweep', {
    begin() {
      sweep = new SweepData();
      picked = null;
      grid.lay(sweep);
      showPicked();
      find('.state').textContent = t('Starting');
    },
    record(record) {
      const isLaid = Boolean(sweep.start);
      sweep.take(record);
      if (!isLaid && sweep.start) grid.lay(sweep);
    },
    draw(status) {
      find('.state').textContent = statusText(status);
      if (constants.states[status.state].lost) search.showProblem(status.message);
      show();
      showOutdated();
      showPicked();
    },
  });
  const form = createSweepForm(element, constants, () => search.recipe, plan);

  // --- the form

  const loadPlan = latest(() => search.ask('plan', { spec: form.spec() }), ({ message, problem }) => {
    if (form.whatIsWrong()) return;   // typed in the meantime
    find('.plan').textContent = message ?? '';
    if (!search.isGoing) search.showProblem(problem);
  });

  /** Says what is wrong with the values. @returns {boolean} whether anything is */
  function refuse() {
    const problem = form.whatIsWrong();
    if (!problem) return false;
    find('.plan').textContent = '';
    search.showProblem(problem);
    return true;
  }

  function plan() { if (!refuse()) loadPlan(); }

  // --- the result

  /** @param {import('./search.js').Status} status */
  function statusText(status) {
    const { start, cells, ended: over, end } = sweep;
    const { ended, lost } = constants.states[status.state];
    if (!ended) return search.statusText(status, start ? t('Run {run} of {runs}', { run: Math.min(over + 1, cells.length), runs: cells.length }) : t('Starting'));
    if (lost) return '';
    if (end) return tn('{n} cell, {seconds} s of training.', '{n} cells, {seconds} s of training.', cells.length, { seconds: end.seconds.toFixed(1) });
    return status.message || (start ? tn('Stopped after {ended} of {n} run.', 'Stopped after {ended} of {n} runs.', cells.length, { ended: over }) : t('Stopped before its first run.'));
  }

  function show() {
    if (!sweep.start) return;
    grid.show(sweep, picked, search.isGoing);
    find('.summary').textContent = summary();
    if (find('.numbers').open) grid.showTable(sweep, search.isGoing);
  }

  function summary() {
    const { end, cells, start } = sweep;
    if (!end) return '';
    if (end.best === null) return t('No run reached an accuracy: the cells give the reasons.');
    const short = cells.filter((run) => run.end.accuracy !== null && !sweep.isWhole(run.end)).length;
    const cell = nameOf(end.best);
    const limits = { seconds: brief(start.seconds, 3), epoch: start.epochs };
    return [
      t('Best: {cell}, {share}.', { cell, share: percent(cells[end.best].end.accuracy) }),
      t('With {pictures} validation pictures an accuracy is certain to about ±{points} points: a smaller difference may be chance. Sweep the seed to see how much.',
        { pictures: count(end.validated), points: (100 * end.margin).toFixed(1) }),
      short
        ? tn('{n} run used up the time, {seconds} s each, before epoch {epoch} was over: that is no fair comparison. Give more time or fewer epochs.',
          '{n} runs used up the time, {seconds} s each, before epoch {epoch} was over: that is no fair comparison. Give more time or fewer epochs.', short, limits)
        : sweep.accuracies.length === cells.length ? tn('All runs had {n} epoch.', 'All runs had {n} epochs.', start.epochs)
          : tn('All other runs had {n} epoch.', 'All other runs had {n} epochs.', start.epochs),
    ].join('\n');
  }

  function showPicked() {
    const { start, end } = sweep.cells[picked] ?? {};
    find('.picked').hidden = !start && !end;
    if (!start && !end) return;
    find('.picked h3').textContent = nameOf(picked);
    find('.picked .what').textContent = [end?.reason, start && t('Both values are in Train now. This command makes the run of this cell alone:')].filter(Boolean).join(' ');
    find('.picked .code').hidden = !start;
    find('.picked pre').textContent = start?.command ?? '';
  }

  /** @param {number} place */
  function pick(place) {
    const { start, end } = sweep.cells[place];
    if (!start && !end) return;   // it has not begun
    picked = place;
    const [row, column] = sweep.pair(place);
    if (start) choose({ [sweep.start.rows]: row, [sweep.start.columns]: column });
    show();
    showPicked();
  }

  function showOutdated() {
    const { start, end } = sweep;
    if (end) search.showOutdated((changes) => t('Changed since this sweep: {changes}.', { changes }), [start.rows, start.columns, 'epochs']);
    else showSentence(find('.outdated'), '');
  }

  find('.numbers').addEventListener('toggle', show);
  find('.go').addEventListener('click', () => {
    if (refuse()) return;
    form.hold();
    search.start(form.spec());
  });

  search.onChoices(() => {
    form.show();
    showOutdated();
    plan();
  });

  onOfferedSweep(element, ({ rows, columns }) => {
    if (search.isGoing) return;
    form.set('rows', rows);
    form.set('columns', columns);
    form.show();
    plan();
    const isStill = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    find('.setup').scrollIntoView({ behavior: isStill ? 'auto' : 'smooth', block: 'center' });
    find('.go').focus({ preventScroll: true });
  });

  form.show();
  plan();
  search.recover();
}
