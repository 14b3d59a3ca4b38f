// A search for good settings, the range test or the sweep: its buttons, and its records as they arrive.

import { finder, pause, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { signal } from '../kit/signal.js';
import { RESTARTED, asker, lostByRestart, noteNewRun } from '../kit/visitor.js';
import { getChoices, onChoices } from './choices.js';

/** @typedef {import('./choices.js').Choices} Choices */
/** @typedef {{ state: string, place: number, message: string }} Status of a search: message is a sentence about its end, or '' */
/** @typedef {{ field: string, values?: any[] }} Side the field that rows or columns of a sweep change */

/**
 * The display of a search.
 *
 * @typedef {object} SearchView
 * @property {() => void} begin for a new search
 * @property {(record: any) => void} record takes the next record
 * @property {(status: Status) => void} draw after one record or more, and at the end
 */

const INTERVAL = 150;   // ms between two requests while a search goes on
const AWAY = 1000;      // ms between them while the page is hidden or the server does not answer

/** @type {import('../kit/signal.js').Signal<{ rows: Side, columns: Side }>} */
const sweeps = signal();

/** Puts values into the form of the sweep. @param {{ rows: Side, columns: Side }} sides */
export const offerSweep = (sides) => sweeps.send(sides);

/** @param {HTMLElement} element @param {(sides: { rows: Side, columns: Side }) => unknown} listener */
export const onOfferedSweep = (element, listener) => sweeps.listen(element, listener);

/**
 * @param {import('../kit/control.js').Context} context its constants have `recipe`, the choices until the form is there;
 *   `labels` of the choices; and `states`, the table of the states of a run
 * @param {'range' | 'sweep'} kind
 * @param {SearchView} view
 */
export function createSearch({ element, server, constants: { recipe, labels, states } }, kind, view) {
  const find = finder(element);
  const ask = asker(server);
  let choices = getChoices() ?? { recipe, token: null };
  /** @type {string | null} */
  let run = null;            // id of the search on screen
  let isGoing = false;
  let isStopping = false;    // Stop was pressed, perhaps before the search had an id
  /** @type {import('./choices.js').Recipe | null} */
  let searched = null;       // the recipe of the search on screen

  const showProblem = (/** @type {string} */ problem) => showSentence(find('.problem'), problem);

  function showButtons() {
    const focused = /** @type {HTMLButtonElement} */ (document.activeElement);
    find('.go').disabled = isGoing;
    find('.stop').hidden = !isGoing;
    find('.stop').disabled = isStopping;
    // the keyboard's focus must not vanish with a button
    if (element.contains(focused) && (focused.hidden || focused.disabled)) {
      (element.querySelector('.bar button:not([hidden]):enabled') ?? find('.state')).focus();
    }
  }

  /** Follows a search to its end. @param {string} id */
  async function follow(id) {
    run = id;
    isGoing = true;
    searched = null;
    view.begin();
    showButtons();
    if (isStopping) halt();
    let cursor = 0;
    let isAway = false;
    while (isGoing) {
      const answer = await ask('follow', { run, since: cursor });
      if (answer.lost) {     // the server may come back with the search
        showProblem(answer.problem);
        isAway = true;
        await pause(AWAY);
        continue;
      }
      if (answer.problem) {
        showProblem(await lostByRestart() ? RESTARTED : answer.problem);
        break;
      }
      if (isAway) showProblem('');
      isAway = false;
      cursor = answer.cursor;
      searched ??= answer.recipe;
      answer.records.forEach(view.record);
      isGoing = !states[answer.state].ended;
      view.draw(answer);
      if (isGoing) await pause(document.hidden ? AWAY : INTERVAL);
    }
    isGoing = false;
    showButtons();
  }

  async function halt() {
    const answer = await ask('stop', { run });
    if (answer.problem) showProblem(answer.problem);
  }

  find('.stop').addEventListener('click', () => {
    isStopping = true;
    showButtons();
    if (run) halt();
  });

  return {
    get isGoing() { return isGoing; },
    get recipe() { return choices.recipe; },
    ask: (/** @type {string} */ name, /** @type {object} */ request) => ask(name, { ...choices, ...request }),
    showProblem,

    /** @param {(() => unknown)} listener called when the choices in Train change */
    onChoices(listener) {
      onChoices(element, (next) => {
        choices = next;
        listener();
      });
    },

    /** @param {object | null} spec what to search */
    async start(spec) {
      if (isGoing) return;
      isGoing = true;        // until the answer arrives a second press is ignored
      run = null;
      isStopping = false;
      showProblem('');
      showButtons();
      const answer = await ask('start', { ...choices, kind, spec });
      isGoing = false;
      if (answer.problem) {
        isStopping = false;
        showProblem(answer.problem);
        showButtons();
        return;
      }
      noteNewRun();
      await follow(answer.run);
    },

    /** Shows the last search again after a reload. */
    async recover() {
      const answer = await ask('latest', { kind });
      if (answer.run && !run && !isGoing) await follow(answer.run);
    },

    /**
     * The current state of a search.
     *
     * @param {Status} status
     * @param {string} running while it runs
     */
    statusText({ state, place }, running) {
      if (place) return place > 1 ? tn('Waiting: {n} run is before it', 'Waiting: {n} runs are before it', place - 1) : t('Waiting: it is next');
      return states[state].steerable ? running : states[state].title;
    },

    /**
     * Lists the choices that have changed since the search on screen.
     *
     * @param {(changes: string) => string} sentence
     * @param {string[]} except fields
     */
    showOutdated(sentence, except) {
      const changed = Object.keys(choices.recipe).filter((field) => searched && !except.includes(field) && choices.recipe[field] !== searched[field]);
      const list = changed.map((field) => labels[field] ?? field).join(', ');
      showSentence(find('.outdated'), list && sentence(list));
    },
  };
}
