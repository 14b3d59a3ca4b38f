// The samples of a batch after each step of a pipeline, as a strip of pictures for each step, and the result.
//
// Value: null or {nothing, stages: [{number, code, facts: [{text, fresh}], hint, note, pictures}], end, spoken}
//   pictures: data URLs; end: {failed, title, error, sentence} or null; announcement: what a screen reader says.

import { finder, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';

const ANNOUNCE_AFTER = 700;   // ms: while a number is typed, only the last result is read out

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const list = find('.stages');
  let announcing = null;

  function addRow() {
    const item = make('li', null, 'stage');
    item.append(make('span', null, 'step'), make('div', null, 'facts'), make('div', null, 'strip'), make('p', null, 'hint'), make('p', null, 'problem'));
    list.append(item);
  }

  function fill(item, stage) {
    const [step, facts, strip, hint, note] = item.children;
    item.dataset.number = stage.number;
    item.classList.toggle('source', stage.number === '');
    step.translate = stage.number === '';  // else code
    showSentence(step, stage.code);
    facts.replaceChildren(...stage.facts.map(({ text, fresh }) => make('span', text, fresh ? 'new' : '')));
    while (strip.children.length > stage.pictures.length) strip.lastChild.remove();
    while (strip.children.length < stage.pictures.length) strip.append(make('img'));
    stage.pictures.forEach((url, i) => {
      const image = strip.children[i];
      image.alt = t('sample {i}', { i });
      if (image.src !== url) image.src = url;
    });
    showSentence(hint, stage.hint);
    showSentence(note, stage.note);
  }

  function render() {
    const value = props.value ?? { stages: [], end: null };
    const { end } = value;
    showSentence(find('.nothing'), value.nothing);
    while (list.children.length < value.stages.length) addRow();
    while (list.children.length > value.stages.length) list.lastChild.remove();
    value.stages.forEach((stage, i) => fill(list.children[i], stage));
    find('.end').hidden = !end;
    find('.end').classList.toggle('failed', Boolean(end?.failed));
    showSentence(find('.title'), end?.title);
    showSentence(find('.error'), end?.error);
    showSentence(find('.remedy'), end?.sentence);
    clearTimeout(announcing);
    announcing = setTimeout(() => { find('.live').textContent = value.announcement ?? ''; }, ANNOUNCE_AFTER);
  }

  watch('value', render);
  render();
}
