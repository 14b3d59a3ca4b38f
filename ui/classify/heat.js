// A heat map over the visitor's own picture.
//
// Value: null, or {image, words, turn}, the turn of the picture it explains; or {missing} when the server no longer has the
//   picture, which is then sent again.
// Event: 'submit' asks for the map again.

import { finder } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { onPicture, sendAgain } from '../kit/picture.js';

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element);
  let newest = 0;  // turn of the picture on the paper
  let map = props.value ?? {};

  function showAge() {  // the map of an earlier picture stays and says so
    const { image, turn } = map;
    const isOld = Boolean(image) && turn < newest;
    find('.heat').classList.toggle('old', isOld);
    if (isOld) find('.words').textContent = t('The picture has changed since. Ask again to see why.');
  }

  function render() {
    const { image, words } = map;
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
  watch('value', () => {
    if (props.value?.missing) {
      sendAgain();
      trigger('submit');
      return;
    }
    map = props.value ?? {};
    render();
  });
  render();
}
