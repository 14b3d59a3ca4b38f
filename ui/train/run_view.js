// The status of the run on screen: its state, its numbers, what went wrong, and the buttons that steer it.

import { findAll, finder, make, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { brief, count, duration, percent } from '../kit/numbers.js';

/** @typedef {import('./run_record.js').RunRecord} RunRecord */
/** @typedef {import('./run_record.js').News} News */
/** @typedef {Record<string, { title: string, word: string, ended: boolean, usable: boolean, lost: boolean, steerable: boolean }>} States */

/** @param {News} news @param {States} states */
function titleOf({ state, progress }, states) {
  // after its last step its accuracy is measured: nobody stopped it
  return state === 'stopping' && progress.steps && progress.step >= progress.steps ? t('Measuring') : states[state].title;
}

/** @param {News['progress']} progress */
function remaining({ left, seconds, budget, step }) {
  if (!Number.isFinite(left) || step < 2) return '';
  if (seconds + left > budget * 1.02) return t('{time} left, the time limit of a run here', { time: duration(Math.max(0, budget - seconds)) });
  return t('{time} left', { time: duration(left) });
}

/** @param {News} news @param {States} states */
function detailOf({ progress, message, place, state }, states) {
  if (state === 'queued') return message || (place > 1 ? tn('{n} run before yours', '{n} runs before yours', place - 1) : t('Yours is next'));
  if (state === 'running') return [message, remaining(progress)].filter(Boolean).join(' · ');
  if (states[state].usable) return [progress.seconds ? t('after {time}', { time: duration(progress.seconds) }) : '', message].filter(Boolean).join('. ');
  return states[state].lost ? '' : message;
}

/**
 * @param {HTMLElement} element
 * @param {{ states: States, verdicts: Record<string, string>, textOf: (field: string, value: import('./form_fields.js').Value) => string }} tables verdicts: by kind; textOf: a field and its value
 */
export function openRunView(element, { states, verdicts, textOf }) {
  const find = finder(element);
  let announcement = '';

  /** @param {News | null} news */
  function showState(news) {
    find('.run').dataset.state = news ? news.state : 'idle';
    find('.state b').textContent = news ? titleOf(news, states) : t('Ready');
    find('.detail').textContent = news ? detailOf(news, states) : '';
  }

  /** @param {string} name @param {string} large @param {string} [small] */
  function showTile(name, large, small = '') {
    const view = find(`.n-${name}`);
    if (view.dataset.text === `${large}|${small}`) return;
    view.dataset.text = `${large}|${small}`;
    view.replaceChildren(large, ...(small ? [' ', make('small', small)] : []));
  }

  /** @param {RunRecord} record @param {number | null} nextRate the learning rate of the next step, if it is another one */
  function showNumbers({ curves, validated, progress, state }, nextRate) {
    const { step = 0, steps = 0, epoch = 0, epochs = 0, rate = 0, lr = 0 } = progress ?? {};
    const isActive = state !== null && !states[state].ended;
    showTile('loss', brief(curves.loss.last));
    showTile('accuracy', percent(validated.at(-1)?.[2]));
    showTile('rate', rate > 0 ? count(Math.round(rate)) : '–');
    showTile('epoch', epochs ? count(Math.min(epochs, epoch + (isActive ? 1 : 0))) : '–', epochs ? t('of {number}', { number: count(epochs) }) : '');
    showTile('step', steps ? count(step) : '–', steps ? t('of {number}', { number: count(steps) }) : '');
    find('.now').textContent = lr > 0 ? `${brief(lr)}${nextRate ? ` → ${brief(nextRate)}` : ''}` : '';
    const share = steps ? Math.min(1, step / steps) : 0;
    find('.progress i').style.transform = `scaleX(${share})`;
    find('.progress').setAttribute('aria-valuenow', String(Math.round(100 * share)));
  }

  /** @param {News | null} news */
  function showTrouble(news) {
    const isLost = Boolean(news) && states[news.state].lost;
    find('.trouble').hidden = !isLost;
    if (!isLost) return;
    const hasDiverged = news.state === 'diverged';
    find('.trouble h3').textContent = hasDiverged ? t('This run is lost: the training diverged') : t('This run could not continue');
    find('.trouble .reason').textContent = news.message;
    const facts = hasDiverged ? [[t('steps until then'), count(news.progress.step)], [t('learning rate'), brief(news.progress.lr)]] : [];
    find('.at').replaceChildren(...facts.map(([name, value]) => {
      const row = make('div');
      row.append(make('dt', name), make('dd', value));
      return row;
    }));
    const changes = Object.entries(news.advice ?? {}).map(([field, value]) => textOf(field, value));
    find('.mend').hidden = !changes.length;
    find('.mend').textContent = t('Apply {changes}', { changes: changes.join(', ') });
  }

  /** @param {News['verdict']} verdict */
  function showVerdict(verdict) {
    const view = find('.verdict');
    view.className = `verdict ${verdict?.kind ?? ''}`;
    view.replaceChildren(...(verdict ? [make('b', verdicts[verdict.kind]), ` ${verdict.message}`] : []));
  }

  /** @param {RunRecord} record */
  function showButtons({ id, state }) {
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    const { steerable = false, usable = false, ended = true } = states[state] ?? {};
    find('.pause').hidden = !steerable;
    find('.pause').textContent = state === 'paused' ? t('Resume') : t('Pause');
    find('.stop').hidden = ended || state === 'stopping';
    find('.further').hidden = !usable;
    find('.turn').hidden = !steerable;
    find('.train').textContent = ended ? t('Train') : t('Stop this run and start a new one');
    find('.idle').hidden = id !== null;
    // the keyboard's focus must not vanish with a button
    if (element.contains(focused) && focused.hidden) (findAll(element, '.run .buttons button:not([hidden]):enabled')[0] ?? find('.train')).focus();
  }

  /** For screen readers: changes of the state, not every number. @param {RunRecord} record */
  function announce({ news, state, validated }) {
    const { ended, lost } = states[state];
    const values = { state: titleOf(news, states), accuracy: percent(validated.at(-1)?.[2]), reason: news.message };
    const text = lost ? t('{state}. {reason}', values)
      : ended && validated.length ? t('{state}. Validation accuracy {accuracy}.', values) : t('{state}.', values);
    if (text !== announcement) find('.live').textContent = announcement = text;
  }

  return {
    showNumbers,

    /** @param {RunRecord} record @param {number | null} nextRate */
    show(record, nextRate) {
      const { news, about } = record;
      showState(news);
      showNumbers(record, nextRate);
      showTrouble(news);
      showVerdict(record.verdict);
      showButtons(record);
      find('.altered').hidden = !(news && (news.changed || news.lr !== about.recipe.lr || news.progress.epochs > Number(about.recipe.epochs)));
      if (news) announce(record);
      else announcement = '';
    },

    /** The server does not answer, but the run may go on. @param {string} problem */
    showAway(problem) {
      find('.run').dataset.state = 'queued';
      find('.state b').textContent = states.queued.title;
      find('.detail').textContent = problem;
    },

    /** A failed request: the sentence stays until the next one. @param {string | undefined} problem */
    showNotice: (problem) => showSentence(find('.notice'), problem),
  };
}
