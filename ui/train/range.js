// The learning-rate range test: the chart grows with the steps, and at the end there are two suggestions.

import { fillCodeBlocks, makeButton } from '../kit/controls.js';
import { finder, make, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { latest } from '../kit/latest.js';
import { brief, count } from '../kit/numbers.js';
import { choose } from './choices.js';
import { createRangeChart } from './range_chart.js';
import { createSearch, offerSweep } from './search.js';

/**
 * @typedef {object} RangeEnd
 * @property {number} steps
 * @property {number} seconds
 * @property {number | null} tenth of the lowest point; all null where there is no suggestion
 * @property {number | null} steepest
 * @property {number | null} lowest
 * @property {string} conclusion
 */

/** @type {{ name: 'tenth' | 'steepest' | 'lowest', rule: string, label: string, isUsable: boolean, look: import('../kit/chart_shapes.js').Stroke }[]} */
const RULES = [
  { name: 'tenth', rule: t('A tenth of the lowest point'), label: t('a tenth'), isUsable: true, look: { colour: 'accent-text' } },
  { name: 'steepest', rule: t('Steepest descent'), label: t('steepest'), isUsable: true, look: { colour: 'focus', dash: [7, 4] } },
  { name: 'lowest', rule: t('Lowest point: already at the edge'), label: t('lowest'), isUsable: false, look: { colour: 'naive', dash: [2, 4] } },
];
const CHOSEN = { label: t('chosen now'), colour: 'ink', dash: [1, 5] };
const UNUSED = ['lr', 'schedule', 'average', 'epochs'];   // choices the test does not read

const rounded = (/** @type {number} */ rate) => Number(rate.toPrecision(2));

/** @param {import('../kit/control.js').Context} context */
export function mount(context) {
  const { element, constants } = context;
  const find = finder(element);
  fillCodeBlocks(element);
  let span = constants.span;
  /** @type {import('./range_chart.js').Step[]} */
  let steps = [];
  /** @type {RangeEnd | null} */
  let end = null;

  const chart = createRangeChart(find('.plot'), find('.reading'), () => {
    const marks = RULES.filter(({ name }) => end?.[name]).map(({ name, label, look }) => ({ at: end[name], label: `${label} ${brief(end[name], 2)}`, ...look }));
    const lr = Number(search.recipe.lr);
    return { span, steps, marks: [...marks, { ...CHOSEN, at: lr, label: `${CHOSEN.label} ${brief(lr, 2)}` }] };
  });

  const search = createSearch(context, 'range', {
    begin() {
      steps = [];
      end = null;
      find('.numbers tbody').replaceChildren();
      find('.idle').hidden = true;
      find('.state').textContent = t('Starting');
      chart.clear();
      showRules();
    },
    record({ record, ...values }) {
      if (record === 'RangeStart') span = values;
      else if (record === 'RangeStep') steps.push(values);
      else if (record === 'RangeEnd') end = values;
    },
    draw(status) {
      find('.state').textContent = statusText(status);
      if (constants.states[status.state].lost) search.showProblem(status.message);
      chart.draw();
      showRules();
      showOutdated();
      showTable();
    },
  });

  /** @param {import('./search.js').Status} status */
  function statusText(status) {
    const { ended, lost } = constants.states[status.state];
    const last = steps.at(-1);
    const progress = { step: steps.length, steps: span.steps, lr: brief(last?.lr, 2) };
    if (!ended) return search.statusText(status, last ? t('Step {step} of {steps}, learning rate {lr}', progress) : t('Step {step} of {steps}', progress));
    if (lost) return '';
    if (!end) return status.message || tn('Stopped after {n} step: too early for a suggestion.', 'Stopped after {n} steps: too early for a suggestion.', steps.length);
    return tn('{n} step in {seconds} s.', '{n} steps in {seconds} s.', end.steps, { seconds: end.seconds.toFixed(1) });
  }

  // --- the suggestions

  function showRules() {
    find('.rules').hidden = !end;
    find('.numbers').hidden = !steps.length;
    if (!end) return;
    find('.conclusion').textContent = end.conclusion;
    const rules = end.tenth === null ? [] : RULES;
    find('.rules table').hidden = find('.rules .note').hidden = find('.compare').hidden = !rules.length;
    find('.rules tbody').replaceChildren(...rules.map(({ name, rule, isUsable }) => {
      const row = make('tr');
      const action = make('td');
      if (isUsable) action.append(useButton(rounded(end[name]), name === 'tenth'));
      row.append(Object.assign(make('th', rule, name), { scope: 'row' }), make('td', brief(end[name], 2), 'rate'), action);
      return row;
    }));
  }

  /** @param {number} rate @param {boolean} isFirst */
  function useButton(rate, isFirst) {
    const isChosen = search.recipe.lr === rate;
    const text = isChosen ? t('Chosen now') : t('Use this learning rate');
    const button = makeButton(text, () => {
      choose({ lr: rate });
      find('.state').textContent = t('Learning rate {rate} is chosen in Train.', { rate });
      if (button.disabled || !button.isConnected) find('.state').focus();
    }, `button use${isFirst ? ' primary' : ''}`, `${text}: ${rate}`);
    button.disabled = isChosen;
    return button;
  }

  find('.compare').addEventListener('click', () => {
    const rates = [...new Set([rounded(end.tenth), rounded(end.steepest), Number(search.recipe.lr)])].filter((rate) => rate > 0).sort((a, b) => a - b);
    offerSweep({ rows: { field: 'lr', values: rates }, columns: { field: 'seed' } });
  });

  function showTable() {
    if (!find('.numbers').open) return;
    const body = find('.numbers tbody');
    body.append(...steps.slice(body.children.length).map(({ lr, loss, average }, i) => {
      const row = make('tr');
      const number = body.children.length + i + 1;
      row.append(Object.assign(make('th', String(number)), { scope: 'row' }), ...[brief(lr, 3), brief(loss, 4), brief(average, 4)].map((text) => make('td', text)));
      return row;
    }));
  }

  find('.numbers').addEventListener('toggle', showTable);
  find('.go').addEventListener('click', () => search.start(null));
  find('.rules .note').textContent = t(
    'Both are rules of thumb: the average lags a few steps behind, and a long training may need a smaller rate than {steps} steps do. A sweep tells more.',
    { steps: span.steps });

  // --- the choices of the Train part

  const loadProgram = latest(() => search.ask('program', {}), ({ code, problem }) => { find('pre').textContent = code || problem; });

  function showOutdated() {
    if (end) search.showOutdated((changes) => t('Changed since this test: {changes}. Run it again.', { changes }), UNUSED);
    else showSentence(find('.outdated'), '');
  }

  function showChoices() {
    const title = (/** @type {string} */ field) => constants.names[field]?.[search.recipe[field]] ?? String(search.recipe[field]);
    const choices = { network: title('network'), optimizer: title('optimizer'), size: count(Number(search.recipe.batch_size ?? constants.recipe.batch_size)) };
    find('.with').textContent = [t('With the choices of Train: {network}, {optimizer}, batch size {size}.', choices),
      t('The weights are fresh, the batches real; the learning rate and its schedule are those of the test.')].join(' ');
    showOutdated();
    showRules();
    chart.draw();
    loadProgram();
  }

  search.onChoices(showChoices);
  showChoices();
  search.recover();
}
