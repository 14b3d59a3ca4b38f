// What a run has learned, epoch by epoch, and its results at the end. The current run is shown until the visitor chooses
// another one.

import { fillCodeBlocks } from '../kit/controls.js';
import { finder, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { latest } from '../kit/latest.js';
import { percent } from '../kit/numbers.js';
import { onRuns } from '../kit/runs.js';
import { asker } from '../kit/visitor.js';
import { createConfusion } from './results_confusion.js';
import { RunResults } from './results_data.js';
import { showFilters, showGlances } from './results_epoch.js';
import { lossText, showFinal } from './results_final.js';
import { paintSamples } from './results_pictures.js';
import { getLiveRun, onLiveRun, onShowRun } from './selection.js';

/** @typedef {import('./results_data.js').Snapshot} Snapshot */

const PAUSE = 700;   // ms between two epochs while playing
const NOTHING_YET = t('The first epoch is on its way. The results appear here after it.');
const REMOVED = t('The run shown here was removed.');

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, server, constants }) {
  const find = finder(element);
  fillCodeBlocks(element);
  const ask = asker(server);
  /** @type {string | null} */
  let liveRun = null;
  /** @type {RunResults | null} */
  let results = null;     // of the run on show
  let at = 0;             // place of the epoch on show in `overview.snapshots`
  let progress = '';      // of the current run: a change brings a new overview
  let isListed = false;   // whether the visitor's list of runs has the run on show
  let isFollowing = true; // whether the slider stays at the last epoch
  /** @type {Snapshot | null} */
  let snapshot = null;    // of the epoch on show
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;       // while playing

  const showProblem = (/** @type {string} */ problem) => showSentence(find('.problem'), problem);

  /** @type {import('./results_pictures.js').PaintSamples} */
  const paint = async (canvases, part, indices) => {
    const owner = results;
    const problem = await paintSamples(owner, canvases, part, indices);
    if (problem && owner === results) showProblem(problem);
  };
  const confusion = createConfusion(element, paint);

  // --- epochs

  const loadSnapshot = latest(async () => {
    const owner = results;
    return { owner, answer: owner?.overview && await owner.loadSnapshot(owner.overview.snapshots[at]) };
  }, ({ owner, answer }) => {
    if (!answer || owner !== results) return;
    showProblem(answer.problem ?? '');
    if (answer.problem) stop();
    else show(answer);
  });

  /** @param {number} place */
  function showEpoch(place) {
    at = Math.min(Math.max(0, place), results.last);
    const slider = find('.slider');
    Object.assign(slider, { max: Math.max(1, results.last + 1), value: at + 1, disabled: results.last < 1 });
    find('.previous').disabled = at <= 0;
    find('.next').disabled = at >= results.last;
    find('.play').disabled = results.last < 1;
    return loadSnapshot();
  }

  /** @param {Snapshot} next */
  function show(next) {
    snapshot = next;
    const facts = t('Epoch {epoch} of {epochs}: validation accuracy {accuracy}, validation loss {loss}',
      { epoch: next.epoch, epochs: results.overview.epochs, accuracy: percent(next.accuracy), loss: lossText(next.loss) });
    find('.facts').textContent = facts;
    find('.slider').setAttribute('aria-valuetext', facts);
    showFilters(element, results, next.filters);
    showConfusion();
    const glances = next.glances ?? [];
    paint(showGlances(find('.glances'), results, glances), 'validation', glances.map(({ index }) => index));
  }

  function showConfusion() {
    const { report, classes } = results.overview;
    if (report && at >= results.last) confusion.show({ ...report, classes, part: 'test', epoch: snapshot?.epoch ?? 0 });
    else confusion.show({ ...snapshot, classes, part: 'validation' });
  }

  // --- moving through the epochs

  function stop() {
    clearTimeout(timer);
    timer = null;
    find('.play').textContent = t('Play');
  }

  function play() {
    find('.play').textContent = t('Pause');
    const tick = async () => {
      if (!element.isConnected || !results || at >= results.last) { stop(); return; }
      const own = timer;
      await showEpoch(at + 1);
      if (timer === own) timer = setTimeout(tick, PAUSE);
    };
    timer = setTimeout(tick, at < results.last ? 0 : PAUSE);
    if (at >= results.last) showEpoch(0);
  }

  /** @param {number} place */
  function go(place) {
    stop();
    isFollowing = place >= results.last;
    showEpoch(place);
  }

  find('.slider').addEventListener('input', () => go(Number(find('.slider').value) - 1));
  find('.previous').addEventListener('click', () => go(at - 1));
  find('.next').addEventListener('click', () => go(at + 1));
  find('.play').addEventListener('click', () => (timer === null ? play() : stop()));

  // --- which run

  const loadOverview = latest(async () => {
    const owner = results;
    return { owner, problem: owner ? await owner.loadOverview() : '' };
  }, ({ owner, problem }) => {
    if (!owner || owner !== results) return;
    showProblem(problem);
    if (!problem) showRun();
  });

  function showRun() {
    const { name, snapshots, report, state, message } = results.overview;
    if (!snapshots.length && !report) {
      showEmpty(constants.states[state].ended
        ? [t('{run} has no results: it ended before its first epoch was over.', { run: name }), message].join(' ') : NOTHING_YET);
      return;
    }
    find('.empty').hidden = true;
    find('.all').hidden = false;
    find('.epochs').hidden = find('.pair').hidden = !snapshots.length;
    showName();
    showFinal(element, results, paint);
    if (snapshots.length) showEpoch(isFollowing || at > results.last ? results.last : at);
    else {
      at = -1;
      showConfusion();
    }
  }

  function showName() {
    const { name, report } = results.overview;
    find('.which').textContent = name;
    if (report) find('.live').textContent = t('{run}: {share} of the test set right.', { run: name, share: percent(report.after.accuracy) });
  }

  /** @param {string} sentence in place of results */
  function showEmpty(sentence) {
    find('.all').hidden = true;
    find('.empty').hidden = false;
    find('.empty').textContent = sentence;
  }

  /** @param {string | null} run */
  function choose(run) {
    stop();
    results = run && new RunResults(run, ask);
    snapshot = null;
    progress = '';
    isListed = false;
    isFollowing = true;
    at = 0;
    confusion.close();
    find('.all').hidden = true;
  }

  /** @param {import('./selection.js').LiveRun} next */
  function followRun({ run, state, epoch }) {
    const { ended } = constants.states[state];
    if (run !== liveRun) choose(run);
    liveRun = run;
    if (run !== results?.run || progress === `${epoch} ${ended}`) return;
    progress = `${epoch} ${ended}`;
    if (epoch || ended) loadOverview();
    else showEmpty(NOTHING_YET);
  }

  onLiveRun(element, followRun);

  onShowRun(element, ({ run, scroll }) => {
    if (run !== results?.run) choose(run);
    if (!results.overview) loadOverview();
    if (run !== liveRun || scroll) element.scrollIntoView({ block: 'start' });
  });

  onRuns(element, (runs) => {
    const run = runs.find(({ id }) => id === results?.run);
    if (run && results.overview) {
      results.overview.name = run.name;
      showName();
    } else if (!run && isListed) {
      choose(null);
      showEmpty(REMOVED);
    }
    isListed = Boolean(run);
  });

  find('.code pre').textContent = constants.code;
  const next = getLiveRun();
  if (next) followRun(next);
}
