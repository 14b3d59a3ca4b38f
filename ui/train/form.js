// The choices of the Train tab: the form, the runs that are ready to try, and what follows from the choices.
//
// `values` has every field, even those that do not apply now, so that a choice comes back with its network. Only those that
// apply are sent: `recipe()`.

import { makeButton } from '../kit/controls.js';
import { findAll, finder, make, pause, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { latest } from '../kit/latest.js';
import { count } from '../kit/numbers.js';
import { recall, remember } from '../kit/storage.js';
import { onChoose, setChoices } from './choices.js';
import { drawField, fieldText, showField } from './form_fields.js';

/** @typedef {import('./form_fields.js').Field} Field */
/** @typedef {import('./form_fields.js').Value} Value */
/** @typedef {Record<string, Value>} Values */
/** @typedef {{ own: { token: string, text: string, pictures: number } | null, note?: string } | null} OwnPictures `on_own` of tab.py; note: why they cannot be used */

/**
 * `form` of choices.py.
 *
 * @typedef {object} FormConstants
 * @property {Field[]} fields
 * @property {{ key: string, title: string, sentence: string, recipe: Values }[]} presets
 * @property {Record<string, number>} available pictures of each data set but the visitor's own
 * @property {string} own the data set of the visitor's own pictures
 * @property {Values} defaults
 * @property {import('./form_fields.js').Rates} rates
 * @property {string} introduction
 * @property {string} needs_pictures
 */

const STORED = 'tp-form';
const AWAY = 1500;   // ms until the next request to a server that does not answer

/** Earlier choices without those that this page does not know. @param {Field[]} fields @param {Values} [before] @returns {Values} */
function recallValues(fields, before = {}) {
  const fits = (/** @type {Field} */ { key, kind, options }) => {
    if (kind === 'switch') return typeof before[key] === 'boolean';
    return kind === 'choice' ? options.some((option) => option.value === before[key]) : Number.isFinite(before[key]);
  };
  return Object.fromEntries(fields.filter(fits).map(({ key }) => [key, before[key]]));
}

/** A text with one part in bold. @param {string} text @param {string} part @returns {(string | Node)[]} */
function emphasise(text, part) {
  const [before, ...after] = text.split(part);
  return [before, make('b', part), after.join(part)];
}

/**
 * @param {HTMLElement} element
 * @param {FormConstants} constants
 * @param {(name: string, request?: object) => Promise<any>} ask
 */
export function openForm(element, constants, ask) {
  const find = finder(element);
  const { rates } = constants;
  let { fields, presets, defaults } = constants;
  const stored = recall(STORED);
  /** @type {Values} */
  let values = { ...defaults, ...presets[0].recipe, ...recallValues(fields, stored.values) };
  let hasOwnRate = stored.rated === true;   // whether the visitor has chosen a learning rate
  const opening = values;
  /** @type {OwnPictures} */
  let pictures = null;
  /** @type {any} */
  let answer = null;   // to the newest choices
  /** @type {Map<string, string>} */
  const refusals = new Map();   // by field: why its text is not its value

  const applies = (/** @type {Field} */ field) => Object.entries(field.only_for).every(([key, list]) => list.includes(String(values[key])));
  const recipe = () => Object.fromEntries(fields.filter(applies).map(({ key }) => [key, values[key]]));
  const token = () => pictures?.own?.token ?? null;
  const request = () => ({ recipe: recipe(), token: token() });

  // --- showing it -------------------------------------------------------------------------------------------------

  function showFields() {
    for (const field of fields) {
      const view = find(`.field[data-key="${field.key}"]`);
      const isWrong = Boolean(answer?.problem) && answer.field === field.key;
      const refusal = refusals.get(field.key) ?? '';
      showField(view, field, { value: values[field.key], isHidden: !applies(field) && !field.first, isWrong, refusal });
      if (field.key === 'data') showOwn(view);
    }
    const preset = presets.find(isChosen);
    findAll(element, '.preset').forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.key === preset?.key)));
    find('.promise').textContent = preset ? preset.sentence : constants.introduction;
    // a choice below the fold must not be forgotten there
    const departed = fields.filter((field) => !field.first && applies(field) && values[field.key] !== defaults[field.key]);
    find('.departed').textContent = departed.map((field) => fieldText(field, values[field.key])).join(', ');
  }

  /** @param {HTMLElement} view of the field of the data */
  function showOwn(view) {
    const help = view.querySelector('.help');
    findAll(view, 'option').find((option) => option.value === constants.own).disabled = !pictures?.own;
    if (values.data === constants.own) help.textContent = pictures?.own?.text ?? constants.needs_pictures;
    else if (pictures?.note) help.append(' ', t('Your own cannot be used: {reason}', { reason: pictures.note }));
  }

  const isChosen = (/** @type {{ recipe: Values }} */ preset) =>
    Object.entries(preset.recipe).every(([key, value]) => key === 'device' || values[key] === value);

  function showAnswer() {
    showSentence(find('.foot .problem'), answer.problem);
    if (answer.problem) {
      find('.facts').textContent = '';
      if (answer.field && element.querySelector(`.rest [data-key="${answer.field}"]`)) find('.more').open = true;
      return;
    }
    const { parameters, steps_per_epoch: perEpoch, steps } = answer.facts;
    find('.facts').replaceChildren(
      ...emphasise(tn('{n} parameter', '{n} parameters', parameters), count(parameters)), ' · ',
      ...emphasise(tn('{n} step per epoch', '{n} steps per epoch', perEpoch), count(perEpoch)),
      ...(values.epochs === 1 ? [] : [' · ', t('{number} in total', { number: count(steps) })]),
    );
    find('.command pre').textContent = answer.command;
    find('.program pre').textContent = answer.code;
  }

  /** @param {any} next */
  function showProblemOrFacts(next) {
    answer = next;
    showAnswer();
    showFields();
  }

  // --- changing it ------------------------------------------------------------------------------------------------

  const askForFacts = latest(() => ask('choices', request()), async (next) => {
    showProblemOrFacts(next);
    if (!next.lost) return;
    await pause(AWAY);
    askForFacts();
  });

  function update() {
    showFields();
    remember(STORED, { values, rated: hasOwnRate });
    setChoices(request());
    askForFacts();
  }

  /** Other pictures may be fewer than were chosen: then all of them. */
  function limitSamples() {
    const available = values.data === constants.own ? pictures?.own?.pictures : constants.available[String(values.data)];
    if (Number(values.samples) > (available ?? Infinity)) values = { ...values, samples: 0 };
  }

  /** @param {string} key @param {Value} value */
  function change(key, value) {
    refusals.delete(key);
    values = { ...values, [key]: value };
    if (key === 'lr') hasOwnRate = true;
    // a learning rate the visitor has not chosen follows the optimizer
    if (key === 'optimizer' && !hasOwnRate) values.lr = rates.usual[String(value)];
    if (key === 'data') limitSamples();
    update();
  }

  /** @param {string} key @param {string} problem */
  function refuse(key, problem) {
    refusals.set(key, problem);
    if (answer?.field === key) showSentence(find('.foot .problem'), '');   // it is about the text before
    showFields();
  }

  /** A whole recipe in place of what is chosen. @param {Values} next */
  function replace(next) {
    hasOwnRate = false;
    refusals.clear();
    values = { ...defaults, ...next };
    update();
  }

  find('.presets').append(...presets.map((preset) => {
    const { key, title, sentence } = preset;
    const choose = () => replace({ ...presets.find((entry) => entry.key === key).recipe, device: values.device });
    const button = makeButton(title, choose, 'button preset');
    button.dataset.key = key;
    button.title = sentence;
    return button;
  }));
  const context = { rates, change, refuse, valueOf: (/** @type {string} */ key) => values[key] };
  find('.fields.basic').append(...fields.filter((field) => field.first).map((field) => drawField(field, context)));
  find('.fields.rest').append(...fields.filter((field) => !field.first).map((field) => drawField(field, context)));

  onChoose(element, (chosen) => {
    hasOwnRate ||= 'lr' in chosen;
    Object.keys(chosen).forEach((key) => refusals.delete(key));
    values = { ...values, ...chosen };
    update();
  });

  return {
    request,
    replace,

    /** Whether a text in the form is no number; the field that has it comes into view. */
    isRefused() {
      const field = fields.find((other) => refusals.has(other.key) && applies(other));
      if (!field) return false;
      if (!field.first) find('.more').open = true;
      find(`#train-${field.key}`).focus();
      return true;
    },

    showProblem: showProblemOrFacts,
    textOf: (/** @type {string} */ key, /** @type {Value} */ value) => fieldText(fields.find((field) => field.key === key), value),

    /** The visitor's own pictures come and go in another tab. @param {OwnPictures} next */
    setPictures(next) {
      pictures = next;
      if (values.data === constants.own && !pictures?.own) change('data', defaults.data);
      else {
        limitSamples();
        update();
      }
    },

    /** There are other data sets than when the page was built. @param {FormConstants} next */
    setForm(next) {
      ({ fields, presets, defaults } = Object.assign(constants, next));
      if (values === opening) values = { ...defaults, ...presets[0].recipe, ...recallValues(fields, stored.values) };
      const { options } = fields.find((field) => field.key === 'data');
      find('.field[data-key=data] select').replaceChildren(...options.map(({ label, value }) => new Option(label, value)));
      update();
    },
  };
}
