// A heat map over the visitor's own picture. Value: null or {image, words, turn}, the turn of the picture it explains.

let newest = 0;  // turn of the picture on the paper

function age() {  // a map of an earlier picture stays in sight, and says so
  const { image, turn } = props.value || {};
  const old = Boolean(image) && turn < newest;
  find('.heat').classList.toggle('old', old);
  if (old) find('.words').textContent = 'The picture has changed since. Ask again to see why.';
}

function render() {
  const value = props.value || {};
  const image = find('img');
  image.hidden = !value.image;
  if (value.image) image.src = value.image;
  else image.removeAttribute('src');
  image.alt = value.image ? value.words : '';
  find('.empty').hidden = Boolean(value.image);
  find('.words').textContent = value.words || '';
  age();
}

document.addEventListener('playground-picture', (event) => {
  newest = event.detail.turn || Infinity;  // an empty paper has no turn
  age();
});
watch('value', render);
render();
