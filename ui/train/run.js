// The current run: the form that starts it, its state, numbers and curves, and the buttons that steer it.

import { onArrival } from '../kit/arrival.js';
import { fillCodeBlocks, numberIn } from '../kit/controls.js';
import { finder, pause } from '../kit/dom.js';
import { getRunTable, onRuns, setRunTable } from '../kit/runs.js';
import { asker, hasLostRuns, keepContact, noteNewRun, noteRuns, RESTARTED } from '../kit/visitor.js';
import { choose } from './choices.js';
import { openForm } from './form.js';
import { openRunCharts } from './run_charts.js';
import { openFollower } from './run_follow.js';
import { RunRecord } from './run_record.js';
import { openRunView } from './run_view.js';
import { getLiveRun, onShowRun, setLiveRun, showRun } from './selection.js';

const AWAY = 1500;   // ms until the next request to a server that does not answer

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, server, watch, constants }) {
  const find = finder(element);
  fillCodeBlocks(element);
  const ask = asker(server);
  const { states, verdicts } = constants;
  const hasEnded = (/** @type {string | null} */ state) => Boolean(states[state]?.ended);
  const form = openForm(element, constants.form, ask);
  const view = openRunView(element, { states, verdicts, textOf: form.textOf });
  const charts = openRunCharts(element, hasEnded);
  let record = new RunRecord(null);
  /** @type {number | null} */
  let nextRate = null;   // the learning rate set since the last step
  const isActive = () => record.state !== null && !hasEnded(record.state);

  function show() {
    view.show(record, nextRate);
    charts.show(record);
  }

  // --- following --------------------------------------------------------------------------------------------------

  const follower = openFollower({
    ask,
    requestOf: () => ({ revision: getRunTable()?.revision }),
    hasEnded,
    isVisible: () => !document.hidden && element.offsetParent !== null,
    onNews(news) {
      if (news.steps && news.lr === nextRate) nextRate = null;
      show();
      if (news.table) setRunTable(news.table);
      announce(news);
    },
    onAway: view.showAway,
    onLost(problem) {
      lose(problem);
      meet();
    },
  });

  /** @param {string | null} id */
  function put(id) {   // on the screen
    record = new RunRecord(id);
    nextRate = null;
    show();
  }

  /** @param {string} id */
  function attach(id) {
    put(id);
    follower.follow(record);
  }

  /** @param {string} problem */
  function lose(problem) {
    follower.stop();
    put(null);
    view.showNotice(problem);
  }

  /** @param {import('./run_record.js').News} news */
  function announce(news) {
    const { id, about, curves, validated } = record;
    const { state, message, progress } = news;
    const before = getLiveRun();
    const isSame = before?.run === id;
    if (isSame && !news.about && before.state === state && before.epoch === progress.epoch) return;
    setLiveRun({ run: id, name: nameOf(id) ?? about.name, state, message, epoch: progress.epoch, epochs: progress.epochs, loss: curves.loss, validated });
    if (isSame && hasEnded(state) && !hasEnded(before.state)) showRun(id);
  }

  const nameOf = (/** @type {string} */ id) => getRunTable()?.runs.find((run) => run.id === id)?.name;

  // --- steering ---------------------------------------------------------------------------------------------------

  let isStarting = false;

  find('.choices').addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isStarting || form.isRefused()) return;
    isStarting = true;
    const answer = await ask('start', form.request());
    isStarting = false;
    if (answer.problem) {
      form.showProblem(answer);
      return;
    }
    noteNewRun();
    view.showNotice('');
    setRunTable(answer.table);
    attach(answer.run);
    // on a small screen the curves are below the choices
    if (find('.run').getBoundingClientRect().top > window.innerHeight * 0.6) {
      const isStill = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
      find('.run').scrollIntoView({ behavior: isStill ? 'auto' : 'smooth', block: 'start' });
    }
  });

  /** @param {{ wish: string, value?: number | null }} request @returns {Promise<boolean>} whether it was done */
  async function steer(request) {
    const answer = await ask('steer', { run: record.id, ...request });
    view.showNotice(answer.problem);
    if (answer.problem) return false;
    follower.follow(record);
    return true;
  }

  /** @param {number | null} rate the largest one of a schedule */
  async function setRate(rate) {
    const before = nextRate;
    nextRate = rate && Number(rate.toPrecision(6));   // a second click goes on from here
    const isDone = await steer({ wish: 'lr', value: nextRate });
    if (!isDone) nextRate = before;
    view.showNumbers(record, nextRate);
    return isDone;
  }

  find('.pause').addEventListener('click', () => steer({ wish: record.state === 'paused' ? 'resume' : 'pause' }));
  find('.stop').addEventListener('click', () => steer({ wish: 'stop' }));
  find('.go-on').addEventListener('click', () => {
    const value = numberIn(find('.epochs-more'), view.showNotice);
    if (value !== undefined) steer({ wish: 'go_on', value });
  });
  find('.down').addEventListener('click', () => setRate((nextRate ?? record.news.lr) / 10));
  find('.up').addEventListener('click', () => setRate((nextRate ?? record.news.lr) * 10));
  find('.lr-now').addEventListener('keydown', async (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const rate = numberIn(find('.lr-now'), view.showNotice);
    if (rate !== undefined && await setRate(rate)) find('.lr-now').value = '';
  });
  find('.mend').addEventListener('click', () => {
    choose(record.news.advice);
    find('.train').focus();
  });
  onShowRun(element, ({ run }) => {   // the table selects an earlier run
    if (run !== record.id && !isActive()) attach(run);
  });
  onRuns(element, () => {   // a run may have another name
    const live = getLiveRun();
    const name = live && nameOf(live.run);
    if (name && name !== live.name) setLiveRun({ ...live, name });
  });

  // --- a reloaded page finds its run ------------------------------------------------------------------------------

  async function meet() {   // learns which runs the visitor has
    const before = record.id;
    const answer = await ask('active');
    if (answer.problem) return answer;
    await noteRuns(answer.any);
    setRunTable(answer.table);
    if (!answer.any && record.id === before && hasLostRuns()) lose(RESTARTED);
    return answer;
  }

  async function recover() {
    let answer = await meet();
    while (answer.lost) {
      await pause(AWAY);
      answer = await meet();
    }
    if (answer.run && !record.id) {
      if (answer.recipe) form.replace(answer.recipe);
      attach(answer.run);
    }
  }

  onArrival(element, async () => {
    const answer = await ask('form');
    if (!answer.problem) form.setForm(answer);
  });
  watch('value', () => form.setPictures(props.value));
  show();
  form.setPictures(props.value);
  recover();
  keepContact(meet);
}
