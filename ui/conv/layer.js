// One layer: its numbers as sliders, the shapes, formulas and facts that follow, or PyTorch's error.
//
// `constants.opening` is an answer of `on_layer` in layer.py; `server.layer(spec)` returns the same for other numbers.

import { fillCodeBlocks, fillRadios } from '../kit/controls.js';
import { finder, make, makeName, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { latest, reply } from '../kit/latest.js';
import { count } from '../kit/numbers.js';
import { makeSliders } from './layer_sliders.js';
import { makeWindow } from './window.js';

/** @typedef {import('./layer_sliders.js').Spec} Spec */
/**
 * @typedef {object} Answer
 * @property {Spec} spec
 * @property {Record<string, number[]>} allowed
 * @property {Record<string, number[]>} limits
 * @property {string} call
 * @property {{ message: string, meaning: string, mend: Partial<Spec> | null, mend_text?: string } | null} error
 * @property {number[] | null} output
 * @property {{ name: string, lines: string[], note: string }[]} formulas
 * @property {string[][]} facts
 * @property {string} program
 * @property {import('./window.js').Numbers | import('./window.js').Note | null} window
 */

/** A shape as one chip a dimension. @param {number[]} sizes @param {'in' | 'out'} side */
function shape(sizes, side) {
  const chips = make('span', undefined, `shape ${side}`);
  chips.append(...sizes.map((size, i) => {
    const chip = make('span', count(size));
    chip.append(make('small', 'NCHW'[i]));
    return chip;
  }));
  chips.setAttribute('role', 'img');
  chips.setAttribute('aria-label', side === 'out' ? t('Output shape {shape}', { shape: sizes.join(', ') }) : t('Input shape {shape}', { shape: sizes.join(', ') }));
  return chips;
}

/** @param {import('../kit/control.js').Context & { constants: import('./layer_sliders.js').Table & { opening: Answer } }} context */
export function mount({ element, server, constants }) {
  const find = finder(element);
  fillCodeBlocks(element);
  const { kinds, fields } = constants;
  const pairs = Object.keys(fields).filter((key) => fields[key].pair);

  let answer = constants.opening;   // to the last specification; if that was refused, with the numbers of the one before
  let wish = answer.spec;           // the newest specification, which the next change builds on
  let good = answer.spec;           // the last one without an error
  let isMended = false;             // whether the wish was mended since the last answer in sight

  const getSpec = () => structuredClone(wish);
  const areErrorsAllowed = () => find('.errors').checked;

  const refresh = latest(() => reply(server.layer, wish), (response) => {
    const next = response.problem ? { error: { message: '', meaning: response.problem, mend: null } } : response;
    const mend = next.error?.mend;
    if (mend && next.error.message && !isMended && !areErrorsAllowed()) {
      // two changes at once, or another layer, may not fit together: such an error is of no interest, unlike this page's limits
      isMended = true;
      wish = { ...wish, ...mend };
      return refresh();
    }
    isMended = false;
    answer = { ...answer, ...next };
    if (!answer.error) good = answer.spec;
    wish = answer.spec;
    return render();
  });

  /** @param {Spec} spec */
  function change(spec) {
    wish = structuredClone(spec);
    if (!areErrorsAllowed()) wish.in_channels = wish.c;
    refresh();
  }

  const showSliders = makeSliders(find('.sliders'), constants, {
    getSpec, change, areErrorsAllowed, isSquare: () => find('.square').checked,
  });
  const showWindow = makeWindow(find('.window'));

  // --- what follows from the numbers --------------------------------------------------------------------------------

  function updateSliders() {
    showSliders({ ...answer, isWrong: Boolean(answer.error) });
  }

  function showFlow() {
    const { spec, call, output } = answer;
    const input = Object.keys(constants.inputs).map((key) => spec[key]);
    find('.flow').replaceChildren(
      shape(input, 'in'), makeName('span', call, 'through'), output ? shape(output, 'out') : make('span', t('no output'), 'none'),
    );
  }

  function showTrouble() {
    const { error } = answer;
    find('.trouble').hidden = !error;
    showSentence(find('.message'), error?.message);
    find('.meaning').textContent = error?.meaning ?? '';
    find('.mend').hidden = !error?.mend;
    find('.mend').textContent = error?.mend_text ? t('Fix it: {change}', { change: error.mend_text }) : t('Fix it');
  }

  function showFormulas() {
    find('.formulas').replaceChildren(...answer.formulas.map(({ name, lines, note }) => {
      const view = make('div', undefined, 'formula');
      if (name) view.append(make('b', name));
      const [symbols, ...steps] = lines;
      view.append(makeName('span', symbols, 'symbols'), ...steps.map((line, i) => make('span', line, i === steps.length - 1 ? 'last' : '')));
      if (note) view.append(make('em', note));
      return view;
    }));
    find('.facts tbody').replaceChildren(...answer.facts.map(([name, arithmetic, code]) => {
      const row = make('tr');
      row.append(make('td', name), make('td', arithmetic), makeName('td', code));
      return row;
    }));
  }

  function render() {
    const { spec, error } = answer;
    const { has_weights: hasWeights, cell } = kinds[spec.kind];
    checkKind(spec.kind);
    find('.bias').checked = spec.bias;
    find('.bias-tick').hidden = !hasWeights;
    updateSliders();
    showFlow();
    showTrouble();
    showFormulas();
    find('.code pre').textContent = answer.program;
    showWindow(error ? null : answer.window, hasWeights && spec.bias, cell);
  }

  // --- the other controls -------------------------------------------------------------------------------------------

  /** Another kind, with those numbers of the one before that it can have. @param {string} name */
  function chooseKind(name) {
    const kind = kinds[name];
    const spec = { ...getSpec(), kind: name };
    if (typeof spec.padding === 'string' && !kind.padding_words.includes(spec.padding)) spec.padding = [0, 0];
    if (kind.pads_half_a_kernel) {
      spec.padding = spec.padding.map((/** @type {number} */ padding, /** @type {number} */ i) => Math.min(padding, Math.floor(spec.kernel[i] / 2)));
    }
    for (const key of pairs) if (!kind.fields.includes(key)) spec[key] = [fields[key].neutral, fields[key].neutral];
    change(spec);
  }

  const checkKind = fillRadios(find('.kinds'), 'kind', Object.keys(kinds).map((name) => [name, name]), chooseKind);
  find('.square').addEventListener('change', () => {
    const spec = getSpec();
    if (find('.square').checked) pairs.forEach((key) => { if (Array.isArray(spec[key])) spec[key][1] = spec[key][0]; });
    change(spec);
    updateSliders();
  });
  find('.bias').addEventListener('change', () => change({ ...getSpec(), bias: find('.bias').checked }));
  find('.errors').addEventListener('change', () => {
    change(areErrorsAllowed() ? getSpec() : good);
    updateSliders();  // their values are here already
  });
  find('.mend').addEventListener('click', () => change({ ...getSpec(), ...answer.error?.mend }));
  find('.form').addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
  render();
}
