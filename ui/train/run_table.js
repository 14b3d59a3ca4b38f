// The table of the runs: a row for each, and below one of them the rarer actions.

import { makeButton, makeTick } from '../kit/controls.js';
import { findAll, finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count, duration, percent } from '../kit/numbers.js';

/** @typedef {import('../kit/runs.js').Run} Run */

/**
 * What the buttons do; `show` and `use` lead elsewhere.
 *
 * @typedef {object} Actions
 * @property {(run: Run, isTicked: boolean) => void} tick shows or hides its curve
 * @property {(run: Run) => void} show
 * @property {(run: Run) => void} use
 * @property {(run: Run, name: string) => Promise<boolean>} rename whether it succeeded
 * @property {(run: Run, form: string) => void} download
 * @property {(run: Run) => Promise<boolean>} remove whether it succeeded
 */

/** @typedef {{ table: import('../kit/runs.js').RunTable, hidden: Set<string> }} TableState hidden: runs whose curves are hidden */

/**
 * @param {string} text
 * @param {string} name by which the focus finds the button again when the table is drawn anew
 * @param {() => unknown} act
 * @param {string} [label]
 */
function button(text, name, act, label) {
  const view = makeButton(text, act, 'button small', label);
  view.dataset.do = name;
  return view;
}

/**
 * @param {HTMLElement} element
 * @param {object} context
 * @param {import('./run_lines.js').RunLines} context.lines
 * @param {import('./run_view.js').States} context.states
 * @param {number} context.longestName
 * @param {Actions} context.actions
 */
export function openRunTable(element, { lines, states, longestName, actions }) {
  const find = finder(element);
  /** @type {TableState} */
  let state;
  /** @type {string | null} */
  let opened = null;   // the run whose rarer actions are shown
  /** @type {string | null} */
  let sure = null;     // the run whose removal waits for a second press

  /** @param {Run} run @param {string[]} heads */
  function row(run, heads) {
    const line = make('tr');
    line.dataset.run = run.id;
    /** @param {Node | string | Node[]} content @param {string} [className] @param {'td' | 'th'} [tag] */
    const cell = (content, className, tag = 'td') => {
      const box = make(tag, null, className);
      box.dataset.label = heads[line.children.length];
      box.append(...(Array.isArray(content) ? content : [content]));
      box.classList.toggle('nothing', content === '–');
      box.classList.toggle('short', typeof content === 'string' && content.length < 10);
      line.append(box);
      return box;
    };
    cell(run.uploaded ? '' : tick(run));
    const name = [make('b', run.name), make('span', run.uploaded ? t('uploaded') : states[run.state].word, `state ${run.state}`)];
    if (run.changed) name.push(make('small', t('changed while it ran')));
    /** @type {HTMLTableCellElement} */ (cell(name, '', 'th')).scope = 'row';
    run.cells.forEach((text) => cell(text));
    cell(percent(run.validation), 'number');
    const { runs } = state.table;
    const best = Math.max(...runs.map(({ test }) => test ?? -1));
    cell(percent(run.test), runs.length > 1 && run.test !== null && run.test === best ? 'number best' : 'number');
    cell(run.uploaded ? '–' : duration(run.seconds), 'number');
    cell(count(run.parameters), 'number');
    cell(buttons(run));
    return line;
  }

  /** @param {Run} run */
  function tick(run) {
    const { node, box } = makeTick(!state.hidden.has(run.id), (isOn) => actions.tick(run, isOn), t('Show the curve of {name}', { name: run.name }),
      lines.swatch(run.id), make('span', String(lines.of(run.id).number)));
    box.dataset.do = 'curve';
    return node;
  }

  /** @param {Run} run */
  function buttons(run) {
    const isOpen = opened === run.id;
    const show = button(t('Show'), 'show', () => actions.show(run), t('Show the results of {name}', { name: run.name }));
    show.disabled = run.uploaded;
    const use = button(t('Use in Classify'), 'use', () => actions.use(run), t('Use in Classify: {name}', { name: run.name }));
    use.disabled = !run.usable;
    const more = button(isOpen ? t('Less') : t('More'), 'more', () => {
      opened = isOpen ? null : run.id;
      sure = null;
      render();
    }, isOpen ? t('Less: rename, download or remove {name}', { name: run.name }) : t('More: rename, download or remove {name}', { name: run.name }));
    more.setAttribute('aria-expanded', String(isOpen));
    const view = make('div', null, 'acts');
    view.append(show, use, more);
    return view;
  }

  /** The rarer actions. @param {Run} run @param {number} width columns */
  function tools(run, width) {
    const line = make('tr', null, 'tools');
    line.dataset.run = run.id;
    const box = make('td');
    box.colSpan = width;
    box.append(renameForm(run), files(run));
    line.append(box);
    return line;
  }

  /** @param {Run} run */
  function renameForm(run) {
    const form = make('form', null, 'acts');
    const label = make('label', t('Name'), 'rename');
    const input = make('input', null, 'new-name');
    Object.assign(input, { type: 'text', maxLength: longestName, value: run.name, autocomplete: 'off' });
    input.dataset.do = 'name';
    label.append(' ', input);
    const save = button(t('Rename'), 'rename', () => {});
    save.type = 'submit';
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      opened = null;   // the answer brings a new table
      if (!await actions.rename(run, input.value)) {
        opened = run.id;
        return;
      }
      findAll(element, '[data-do=more]').find((view) => view.closest('[data-run]').dataset.run === run.id)?.focus();
    });
    form.append(label, save);
    return form;
  }

  /** @param {Run} run */
  function files(run) {
    const view = make('div', null, 'acts');
    for (const [form, text] of [['safetensors', t('Download .safetensors')], ['pt', t('Download .pt and card')]]) {
      const load = button(text, form, () => actions.download(run, form));
      load.disabled = !run.usable;
      view.append(load);
    }
    const isSure = sure === run.id;
    const remove = button(isSure ? t('Remove for good?') : t('Remove'), 'remove', async () => {
      if (!isSure) {
        sure = run.id;
        render();
        return;
      }
      sure = null;
      if (await actions.remove(run)) find(state.table.runs.length ? '.runs [data-do=more]' : '.upload').focus();
      else render();
    });
    remove.classList.toggle('danger', isSure);
    view.append(remove);
    return view;
  }

  function render() {
    const { columns, runs } = state.table;
    const focused = /** @type {HTMLInputElement} */ (document.activeElement);
    const place = element.contains(focused) ? [/** @type {HTMLElement} */ (focused.closest('[data-run]'))?.dataset.run, focused.dataset.do] : [];
    const typed = place[1] === 'name' ? focused.value : null;
    const heads = [t('Curve'), t('Run'), ...columns, t('Validation'), t('Test'), t('Time'), t('Parameters'), t('Actions')];
    const head = make('tr');
    head.append(...heads.map((name) => {
      const cell = make('th', name);
      cell.scope = 'col';
      return cell;
    }));
    find('.runs thead').replaceChildren(head);
    find('.runs tbody').replaceChildren(...runs.flatMap((run) => (opened === run.id ? [row(run, heads), tools(run, heads.length)] : [row(run, heads)])));
    if (!place[0] || !place[1]) return;
    const again = findAll(element, `[data-do="${place[1]}"]`).find((view) => view.closest('[data-run]').dataset.run === place[0]);
    if (again && typed !== null) again.value = typed;
    again?.focus();
  }

  return {
    /** @param {TableState} next */
    show(next) {
      state = next;
      render();
    },
  };
}
