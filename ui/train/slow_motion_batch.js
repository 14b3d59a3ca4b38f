// The batch: pictures, logits, shares and losses of its first samples, and the loss.

import { finder, make, makeCode } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { minus } from '../kit/numbers.js';
import { GREYS, bytes, paint } from '../kit/paint.js';
import { digits } from './slow_motion_arithmetic.js';

/**
 * @typedef {import('./slow_motion_recording.js').Recording} Recording
 * @typedef {import('./slow_motion_recording.js').Weight} Weight
 */

/** @param {HTMLElement} element @param {Recording} recording @param {number} at @param {Weight} weight the pixel it is multiplied with is marked */
export function showBatch(element, recording, at, weight) {
  const find = finder(element);
  const { payload: { frames, classes, settings, side, note, pictures } } = recording;
  const frame = frames[at];
  const batch = recording.batch(frame);
  find('.batch').hidden = !batch;
  if (!batch) return;
  // the logits of the previous batch do not belong to this one
  const logits = 'from' in frame.logits && (frame.logits.from === frame.pass || settings.batches === 'same') ? frame.logits : null;
  const loss = 'from' in frame.loss ? frame.loss : null;
  const each = loss && logits?.from === loss.from ? recording.tensors[loss.each] : null;
  find('.batch-note').textContent = [
    batch.size > batch.pictures.length && t('the first {count} of {all}', { count: batch.pictures.length, all: batch.size }),
    logits && logits.from < frame.pass && t('logits of pass {pass}', { pass: logits.from + 1 }),
    note,
  ].filter(Boolean).join('; ');
  const { column } = recording.position(weight);
  const marked = recording.readsPixels(weight.parameter) ? Number(column) : null;
  find('.samples').classList.toggle('fresh', frame.line === 'forward' && !frame.error);
  find('.samples').replaceChildren(...batch.pictures.map((picture, i) => {
    const label = batch.labels[i];
    const sample = make('div', undefined, 'sample');
    const pair = make('div', undefined, 'pair');
    const [large, small] = [make('canvas'), make('canvas')];
    paint(large, bytes(pictures[picture].large), 28, 28, GREYS);
    paint(small, bytes(pictures[picture].small), side, side, GREYS);
    [large, small].forEach((canvas, k) => {
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', k ? t('{label}, {side} by {side}, as the network gets it', { label: classes[label], side })
        : t('{label}, {side} by {side}', { label: classes[label], side: 28 }));
    });
    const sheet = make('span', undefined, 'sheet');
    sheet.append(small);
    if (marked !== null) {
      const mark = make('i', undefined, 'mark');
      mark.style.cssText = `left:${(100 * (marked % side)) / side}%;top:${(100 * Math.floor(marked / side)) / side}%;width:${100 / side}%;height:${100 / side}%`;
      sheet.append(mark);
    }
    pair.append(large, sheet);
    const values = classes.map((_name, c) => (logits ? [logits.logits, logits.shares].map((id) => recording.tensors[id][i * classes.length + c]) : null));
    const table = make('table');
    table.append(...classes.map((name, c) => {
      const row = make('tr', undefined, c === label ? 'target' : '');
      const [logit, share] = values[c] ?? [null, null];
      const cell = make('td', undefined, 'bar-cell');
      const bar = make('i');
      bar.style.transform = `scaleX(${share !== null && Number.isFinite(share) ? share : 0})`;
      cell.append(bar);
      row.append(make('th', name), make('td', logit === null ? '–' : decimals(logit)), cell,
        make('td', share === null ? '–' : `${Number.isFinite(share) ? Math.round(100 * share) : '?'} %`));
      return row;
    }));
    const formula = each ? `−ln(${digits(values[label]?.[1])}) = ${digits(each[i])}` : t('−ln(share of the right class)');
    sample.append(pair, make('b', classes[label]), table, make('p', formula, each ? 'each' : 'each waiting'));
    return sample;
  }));
  const line = find('.loss-line');
  line.classList.toggle('fresh', frame.line === 'loss' && !frame.error);
  if (!loss) { line.textContent = t('loss: not computed yet'); return; }
  const terms = each ? `(${batch.pictures.map((_, i) => digits(each[i])).join(' + ')}${batch.size > batch.pictures.length ? ' + …' : ''}) / ${batch.size} = ` : '';
  line.replaceChildren(makeCode('span', `loss = ${terms}`), make('b', digits(loss.loss)), ' ', loss.from < frame.pass ? make('small', t('(of pass {pass})', { pass: loss.from + 1 })) : '');
}

const decimals = (/** @type {number} */ value) => minus(value.toFixed(Math.abs(value) < 10 ? 2 : 1));
