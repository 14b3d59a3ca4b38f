// A heat map over the visitor's own picture. Value: null or {image, words, turn}, the turn of the picture it explains.

import { finder } from '../kit/dom.js';
import { onPicture } from '../kit/picture_input.js';

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch }) {
  const find = finder(element);
  let newest = 0;  // turn of the picture on the paper

  function showAge() {  // a map of an earlier picture stays in sight, and says so
    const { image, turn } = props.value ?? {};
    const isOld = Boolean(image) && turn < newest;
    find('.heat').classList.toggle('old', isOld);
    if (isOld) find('.words').textContent = 'The picture has changed since. Ask again to see why.';
  }

  function render() {
    const { image, words } = props.value ?? {};
    const view = find('img');
    view.hidden = !image;
    if (image) view.src = image;
    else view.removeAttribute('src');
    view.alt = image ? words : '';
    find('.empty').hidden = Boolean(image);
    find('.words').textContent = words ?? '';
    showAge();
  }

  onPicture(element, ({ turn }) => {
    newest = turn || Infinity;  // an empty paper has no turn
    showAge();
  });
  watch('value', render);
  render();
}
