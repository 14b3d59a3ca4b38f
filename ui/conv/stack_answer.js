// The server's answer about each line of the stack: its figures, what is inferred, or PyTorch's error.

import { makeButton } from '../kit/controls.js';
import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { isFork } from './stack_rows.js';

/** @typedef {import('./stack_rows.js').Item} Item */
/** @typedef {import('./stack_rows.js').Line} Line */
/** @typedef {import('./stack_figures.js').Figures} Figures */
/** @typedef {{ parameters: number, multiply_adds: number, bytes: number, steps: number }} Totals */
/** @typedef {{ path: string, message: string, meaning: string, change: string, mended: Item[] | null, inferred: Record<string, number> }} Stop */
/** @typedef {{ figures: Record<string, Figures>, stop: Stop | null, totals: Totals, output: number[] | null, program: string }} Answer */

/**
 * @param {{ kinds: Record<string, import('./stack_fields.js').Argument[]>, joins: Record<string, { code: string }> }} constants
 * @param {(stop: Stop, line: Line) => void} mend
 * @returns {(lines: Line[], answer: Answer | null) => void} shows an answer; null while the one to this stack is on its way
 */
export function makeAnswers({ kinds, joins }, mend) {
  const before = new WeakMap();  // the previous figures of a layer, visible until the server answers

  /** What the fields in sight do not say about a layer; those that are left out show what is inferred. @param {Line} line @param {Record<string, number>} inferred */
  function detailOf({ item, inputs, more }, inferred) {
    const { kind, params } = /** @type {import('./stack_rows.js').Layer} */ (item);
    const words = [];
    for (const { name, default: usual, inferred: canInfer, same_as: model } of kinds[kind]) {
      const input = /** @type {HTMLInputElement} */ (inputs.get(name));
      const value = params[name];
      if (canInfer && value === undefined) {
        input.placeholder = String(inferred[name] ?? '');
        words.push(inferred[name] === undefined ? t('{name} inferred', { name }) : t('{name} {value} inferred', { name, value: inferred[name] }));
      } else if (model && value === undefined) input.placeholder = String(params[model]);
      else if (more?.hidden && more.contains(input) && (value ?? usual) !== usual) words.push(`${name} ${value === false ? 'False' : value}`);
    }
    return words.join(', ');
  }

  /** @param {Stop} stop @param {Line} line */
  function trouble(stop, line) {
    const box = make('div', undefined, 'trouble');
    box.append(make('pre', stop.message), make('p', stop.meaning));
    if (stop.mended) {
      box.append(makeButton(t('Fix it: {change}', { change: stop.change }), () => mend(stop, line), 'button primary mend'));
    }
    return box;
  }

  /** @param {Line} line @param {Answer | null} answer */
  function show(line, answer) {
    const stop = answer?.stop ?? null;
    const isFailing = stop?.path === line.path;
    const figures = answer ? answer.figures[line.path] : before.get(line.item);
    if (answer && figures) before.set(line.item, figures);
    line.body.classList.toggle('failing', isFailing);
    line.body.classList.toggle('unreached', Boolean(stop) && !figures && !isFailing);
    line.showFigures(figures);
    line.note.textContent = figures?.note ?? '';
    line.note.hidden = !line.note.textContent;
    if (isFork(line.item)) line.detail.textContent = figures?.code ?? joins[line.item.join].code;
    else line.detail.textContent = detailOf(line, (isFailing ? stop.inferred : figures?.inferred) ?? {});
    line.body.querySelector(':scope > .trouble')?.remove();
    if (isFailing) line.body.append(trouble(stop, line));
  }

  return (lines, answer) => lines.forEach((line) => show(line, answer));
}
