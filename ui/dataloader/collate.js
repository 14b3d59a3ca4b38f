// From samples to a batch: on the left what dataset[i] returned, on the right what the collate_fn made of it.
//
// Value: null, or {samples: [{code, label, input}], more, collate, result}
//   label: null without; more: how many samples are not shown
//   input: null, {cells: [text]} or {height, width, pixels}; pixels: base64 of height * width bytes
//   result: {title, about, structure: [line], parts: [part], error, message, meaning, filled}
//   part: {cells: [text], own: number} or {height, width, own: [height, width], pixels of the own part}

import { finder, make, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { bytes, GREYS, paint } from '../kit/paint.js';

const SAMPLE_SIDE = 64;   // of the largest picture, in px
const INPUT_SIDE = 96;

/** @param {string[]} texts @param {number} [own] how many of them are not padding */
function cells(texts, own = texts.length) {
  const row = make('div', null, 'cells');
  row.append(...texts.map((text, i) => make('b', text, i < own ? '' : 'fill')));
  return row;
}

/**
 * A picture in its frame, whose hatching shows the padding.
 *
 * @param {{ height: number, width: number, own?: [number, number], pixels: string }} picture
 * @param {number} scale px a pixel
 */
function pictureView({ height, width, own, pixels }, scale) {
  const [rows, columns] = own ?? [height, width];
  const frame = make('span', null, 'picture');
  const canvas = make('canvas');
  Object.assign(frame.style, { width: `${scale * width}px`, height: `${scale * height}px` });
  Object.assign(canvas.style, { width: `${scale * columns}px`, height: `${scale * rows}px` });
  paint(canvas, bytes(pixels), columns, rows, GREYS);
  frame.append(canvas);
  frame.setAttribute('aria-hidden', 'true');  // its size and label are beside it as text
  return frame;
}

function sampleItem({ code, label, input }, scale) {
  const item = make('li', null, input?.cells ? 'long' : '');
  if (input?.pixels) {
    const slot = make('span', null, 'slot');
    slot.append(pictureView(input, scale));
    item.append(slot);
  }
  const about = make('div', null, 'text');
  const name = make('bdi', code);
  name.translate = false;
  about.append(name, make('span', label === null ? t('no label') : t('label: {label}', { label })));
  item.append(about);
  if (input?.cells) item.append(cells(input.cells));
  return item;
}

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch }) {
  const find = finder(element);

  function render() {
    const { value } = props;
    element.style.display = value ? '' : 'none';
    if (!value) return;
    const { samples, more, collate, result } = value;
    const sides = samples.flatMap(({ input }) => (input?.pixels ? [input.height, input.width] : []));
    find('.samples').replaceChildren(...samples.map((sample) => sampleItem(sample, SAMPLE_SIDE / Math.max(...sides))));
    showSentence(find('.more'), more ? tn('and {n} more', 'and {n} more', more) : '');
    find('.arrow code').textContent = collate;
    find('.after h3').textContent = result.title;
    showSentence(find('.after .about'), result.about);

    const hasPictures = result.parts.some(({ pixels }) => pixels);
    const batch = find('.batch');
    batch.classList.toggle('pictures', hasPictures);
    batch.replaceChildren(...result.parts.map((part) => (
      part.cells ? cells(part.cells, part.own) : pictureView(part, INPUT_SIDE / Math.max(part.height, part.width)))));
    batch.hidden = !result.parts.length;
    find('.key').hidden = !result.filled;
    find('.key').classList.toggle('dark', hasPictures);

    find('.problem').hidden = !result.error;
    find('.problem strong').textContent = result.error;
    find('.error').textContent = result.message;
    find('.meaning').textContent = result.meaning;
    find('.structure').hidden = !result.structure.length;
    find('.structure pre').textContent = result.structure.join('\n');
    find('.live').textContent = result.error ? t('No batch: {error}. {meaning}', { error: result.error, meaning: result.meaning }) : result.title;
  }

  watch('value', render);
  render();
}
