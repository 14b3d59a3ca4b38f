// A weight for each class, and how often the next epoch draws it.
//
// Value from the server: {classes, weights, draws, uniform, epoch}. Value to the server: {weights}.

import { makeNumberField } from '../kit/controls.js';
import { findAll, finder, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';
import { readNumber, whatIsWrong } from '../kit/read_number.js';

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element);
  /** @type {number[] | null} the last weights on their way: an answer to earlier weights must not undo newer input */
  let pending = null;

  function send() {
    const weights = findAll(element, 'input').map(({ value }) => readNumber(value));
    if (weights.some(Number.isNaN)) return;
    pending = weights;
    props.value = { weights: pending };
    trigger('input');
  }

  function makeRow() {
    const row = make('li');
    const limits = { low: 0, high: 1000, isWhole: false };
    const input = makeNumberField({
      ...limits, step: 0.5,
      problemOf: (text) => whatIsWrong(text, { ...limits, name: input.getAttribute('aria-label'), isNeeded: false }),
      onProblem: (problem) => showSentence(find('.hint'), problem),
      onInput: send,
    });
    const bars = make('span', null, 'bars');
    bars.append(...['now', 'even'].map((name) => {
      const bar = make('span', null, 'bar');
      const track = make('span');
      track.append(make('i', null, name));
      bar.append(track, make('span'));
      return bar;
    }));
    row.append(make('span', null, 'name'), input, bars);
    return row;
  }

  function render() {
    const { value } = props;
    if (!value?.classes) return;
    const rows = find('.rows');
    while (rows.children.length > value.classes.length) rows.lastElementChild.remove();
    while (rows.children.length < value.classes.length) rows.append(makeRow());
    if (pending && (pending.length !== value.weights.length || pending.every((weight, k) => weight === value.weights[k]))) pending = null;
    const most = Math.max(1, ...value.draws, ...value.uniform);
    [...rows.children].forEach((row, k) => {
      const [name, input, bars] = row.children;
      name.textContent = value.classes[k];
      name.title = value.classes[k];
      input.setAttribute('aria-label', t('Weight of {name}', { name: value.classes[k] }));
      // a number that is being typed stays as it is
      if (!pending && document.activeElement !== input) input.value = value.weights[k];
      [value.draws[k], value.uniform[k]].forEach((draws, i) => {
        bars.children[i].querySelector('i').style.width = `${(100 * draws) / most}%`;
        bars.children[i].lastElementChild.textContent = count(draws);
      });
    });
    const key = [['accent', t('drawn in epoch {epoch} with these weights', { epoch: value.epoch + 1 })], ['bar', t('each sample once')]];
    find('.key').replaceChildren(...key.map(([colour, meaning]) => {
      const entry = make('span', meaning);
      entry.style.setProperty('--dot', `var(--tp-${colour})`);
      return entry;
    }));
  }

  watch('value', render);
  render();
}
