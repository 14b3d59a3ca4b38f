// How the visitor's picture becomes 28x28: one picture and one sentence for each step.
//
// Value: null or {stages: [{name, caption, image}]}, image a data URL; or {missing}, which changes nothing.

import { finder, make } from '../kit/dom.js';

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, constants }) {
  const list = finder(element)('.stages');

  function addRow() {
    const item = make('li', null, 'stage');
    const frame = make('span', null, 'frame');
    const image = make('img');
    image.alt = '';  // the caption beside it says what it is
    frame.append(image);
    item.append(frame, make('strong'), make('span', null, 'caption'));
    list.append(item);
  }

  function render() {
    const stages = props.value?.stages ?? constants.steps.map(([name, caption]) => ({ name, caption, image: '' }));
    while (list.children.length < stages.length) addRow();
    while (list.children.length > stages.length) list.lastChild.remove();
    stages.forEach((stage, i) => {
      const [frame, name, caption] = list.children[i].children;
      const image = frame.firstChild;
      image.hidden = !stage.image;
      if (stage.image) image.src = stage.image;
      else image.removeAttribute('src');
      frame.classList.toggle('exact', i === stages.length - 1);
      name.textContent = `${i + 1}. ${stage.name}`;
      caption.textContent = stage.caption;
    });
  }

  watch('value', () => { if (!props.value?.missing) render(); });
  render();
}
