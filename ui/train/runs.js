// The runs of this visit: a table of what differs, their curves, and what can be done with each.
//
// The value goes to the server only: {use, visitor} for a run to use in Classify, sent with `submit`.

import { finder, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { latest } from '../kit/latest.js';
import { getRunTable, onRuns, setRunTable } from '../kit/runs.js';
import { asker, hasLostRuns, noteNewRun, RESTARTED, visitor } from '../kit/visitor.js';
import { liveCurve, openCurves } from './curves.js';
import { readWeights, saveFiles } from './run_files.js';
import { RunLines } from './run_lines.js';
import { openRunTable } from './run_table.js';
import { getLiveRun, onLiveRun, showRun } from './selection.js';

/** @typedef {import('../kit/runs.js').Run} Run */

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, server, trigger, constants }) {
  const find = finder(element);
  const ask = asker(server);
  const { states } = constants;
  const lines = new RunLines();
  const curves = openCurves(element, lines);
  const noRuns = find('.empty').textContent;
  /** @type {Set<string>} */
  const hidden = new Set();   // runs the visitor has taken out of the chart
  /** @type {Map<string, import('./curves.js').Curve>} */
  const stored = new Map();   // curves of runs that have ended
  let compared = '';          // the pair of runs in the sentence

  const say = (/** @type {string | undefined} */ problem) => showSentence(find('.problem'), problem);
  const announce = (/** @type {string} */ text) => { find('.live').textContent = text; };

  // --- table ------------------------------------------------------------------------------------------------------

  /** Whether the request succeeded; the answer may bring a new table. @param {any} answer */
  function take(answer) {
    say(answer.problem);
    if (answer.table) setRunTable(answer.table);
    return !answer.problem;
  }

  const table = openRunTable(element, {
    lines,
    states,
    longestName: constants.most_name,
    actions: {
      tick(run, isTicked) {
        if (isTicked) hidden.delete(run.id);
        else hidden.add(run.id);
        showCurves();
      },
      show: (run) => showRun(run.id, true),
      use(run) {
        props.value = { use: run.id, visitor };
        trigger('submit');
        window.scrollTo(0, 0);   // the other tab begins at its top
      },
      async rename(run, name) {
        const answer = await ask('rename', { run: run.id, name });
        if (!take(answer)) return false;
        announce(t('Renamed to {name}.', answer));
        return true;
      },
      async download(run, form) {
        announce(t('The file is on its way.'));
        const answer = await ask('weights', { run: run.id, form });
        if (take(answer)) saveFiles(answer.files);
      },
      async remove(run) {
        if (!take(await ask('remove', { run: run.id }))) return false;
        announce(t('{name} is removed.', { name: run.name }));
        return true;
      },
    },
  });

  function show() {
    const { runs } = getRunTable();
    const ids = new Set(runs.map(({ id }) => id));
    lines.keep(ids);
    hidden.forEach((id) => { if (!ids.has(id)) hidden.delete(id); });
    stored.forEach((_, id) => { if (!ids.has(id)) stored.delete(id); });
    find('.all').hidden = !runs.length;
    find('.empty').hidden = runs.length > 0;
    find('.empty').textContent = hasLostRuns() ? RESTARTED : noRuns;
    table.show({ table: getRunTable(), hidden });
    showCurves();
  }

  // --- curves -----------------------------------------------------------------------------------------------------

  const ticked = () => getRunTable().runs.filter((run) => !run.uploaded && !hidden.has(run.id));
  const isMissing = (/** @type {Run} */ { id, state }) => states[state].ended && !stored.has(id);

  /** @param {Run} run */
  function curveOf({ id, state }) {
    if (!states[state].ended) stored.delete(id);
    const live = getLiveRun();
    return stored.get(id) ?? (live?.run === id ? liveCurve(live) : null);
  }

  function drawCurves() {
    curves.show(ticked().map((run) => ({ run, curve: curveOf(run) })).filter(({ curve }) => curve));
  }

  const bringCurves = latest(
    () => ask('curves', { runs: ticked().map(({ id }) => id), curves: ticked().filter(isMissing).map(({ id }) => id) }),
    (answer) => {
      say(answer.problem);
      if (answer.problem) return;
      for (const { run, step, loss, mean_of: meanOf, validated } of answer.curves) {
        stored.set(run, { loss: step.map((/** @type {number} */ at, /** @type {number} */ i) => [at, loss[i]]), meanOf, validated });
      }
      find('.sentence').textContent = answer.sentence;
      drawCurves();
    },
  );

  function showCurves() {   // requests only what the page does not have
    const runs = ticked();
    const facts = runs.map(({ id, name, state, changed }) => [id, name, states[state].ended && state, changed]);
    const pair = runs.length === 2 ? JSON.stringify(facts) : '';
    const isOther = pair !== compared;
    compared = pair;
    if (!pair) find('.sentence').textContent = getRunTable().runs.length > 1 ? t('Tick exactly two curves to see how two runs differ.') : '';
    drawCurves();
    if (runs.some(isMissing) || (pair && isOther)) bringCurves();
  }

  // --- files ------------------------------------------------------------------------------------------------------

  find('.upload').addEventListener('click', () => find('.file').click());
  find('.file').addEventListener('change', async () => {
    const [file] = find('.file').files;
    find('.file').value = '';
    if (!file) return;
    const weights = await readWeights(file, constants.most_bytes);
    if ('problem' in weights) {
      say(weights.problem);
      return;
    }
    find('.upload').disabled = true;
    const answer = await ask('adopt', weights);
    find('.upload').disabled = false;
    if (!take(answer)) return;
    noteNewRun();
    announce(t('The weights are uploaded.'));
  });

  onRuns(element, show);
  onLiveRun(element, () => { if (getRunTable()) drawCurves(); });
  if (getRunTable()) show();
}
