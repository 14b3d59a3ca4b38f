// A sample in a dialog: the call that returns it, its numbers, and what the loop gets.

import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { count } from '../kit/numbers.js';

const BRIGHT = 120;   // grey level above which the ink is black

/**
 * @param {HTMLDialogElement} dialog
 * @returns {(index: number, sample: any) => void} opens it with a sample
 */
export function createDialog(dialog) {
  const find = finder(dialog);
  const cells = find('.cells');
  let columns = 1;
  let place = -1;   // of the cell that is read out, -1 before the first

  function read(next) {
    if (next < 0 || next >= cells.children.length) return;
    cells.children[place]?.classList.remove('on');
    place = next;
    cells.children[place].classList.add('on');
    find('.reading').textContent = t('Row {row}, column {column}: {value}',
      { row: Math.floor(place / columns), column: place % columns, value: cells.children[place].textContent });
  }

  cells.addEventListener('pointermove', ({ target }) => { if (target.dataset.place) read(Number(target.dataset.place)); });
  cells.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    event.preventDefault();
    read(place < 0 ? 0 : place + step);
    cells.children[place].scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
  find('.close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => { if (target === dialog) dialog.close(); });

  return (index, sample) => {
    const { problem, numbers = null } = sample;
    find('h3').textContent = problem
      ? t('This sample cannot be shown') : t('Sample {index}: {label}', { index: count(index), label: sample.label });
    find('.call').textContent = problem || sample.code;
    find('.after').textContent = sample.after ?? '';
    find('.reading').textContent = numbers ? sample.hint : '';
    columns = numbers ? numbers[0].length : 1;
    place = -1;
    cells.hidden = !numbers;
    cells.style.gridTemplateColumns = `repeat(${columns}, auto)`;
    cells.setAttribute('aria-label', t('The numbers of this sample. The arrow keys move from one to the next.'));
    cells.replaceChildren(...(numbers ?? []).flat().map((value, i) => {
      const cell = make('span', value);
      const grey = Math.round((255 * Math.max(0, value)) / (sample.brightest || 255));
      cell.style.background = `rgb(${grey},${grey},${grey})`;
      cell.style.color = grey > BRIGHT ? '#000' : '#d6d6d6';
      cell.dataset.place = i;
      return cell;
    }));
    dialog.showModal();
  };
}
