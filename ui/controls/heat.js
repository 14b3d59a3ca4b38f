// A heat map over the visitor's own picture. Value: null or {image, words, problem}.

function render() {
  const value = props.value || {};
  const image = find('img');
  image.hidden = !value.image;
  if (value.image) image.src = value.image;
  else image.removeAttribute('src');
  image.alt = value.image ? value.words : '';
  find('.empty').hidden = Boolean(value.image);
  find('.words').textContent = value.words || '';
  find('.heat').classList.remove('old');
}

document.addEventListener('playground-picture', () => {
  if (find('img').hidden || find('.heat').classList.contains('old')) return;
  find('.heat').classList.add('old');
  find('.words').textContent = 'The picture has changed since. Ask again to see why.';
});
watch('value', render);
render();
