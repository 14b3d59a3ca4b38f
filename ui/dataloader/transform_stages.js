// The samples of a batch after each step of a pipeline, one strip of pictures a step, and what comes of it.
//
// Value: null or {nothing, stages: [{number, code, facts: [{text, fresh}], shown, note, pictures}], end}
//   pictures: data URLs; end: {failed, title, error, said} or null; spoken: what a screen reader says.

const list = find('.stages');
let speaking = null;

function part(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function row() {
  const item = part('li', 'stage');
  item.append(part('span', 'code'), part('div', 'facts'), part('div', 'strip'), part('p', 'shown'), part('p', 'note'));
  list.append(item);
}

function words(node, text) {
  node.textContent = text || '';
  node.hidden = !text;
}

function fill(item, stage) {
  const [code, facts, strip, shown, note] = item.children;
  item.dataset.number = stage.number;
  item.classList.toggle('source', stage.number === '');
  words(code, stage.code);
  facts.replaceChildren(...stage.facts.map((fact) => {
    const made = part('span', fact.fresh ? 'new' : '');
    made.textContent = fact.text;
    return made;
  }));
  while (strip.children.length > stage.pictures.length) strip.lastChild.remove();
  while (strip.children.length < stage.pictures.length) strip.append(part('img', ''));
  stage.pictures.forEach((url, i) => {
    const image = strip.children[i];
    image.alt = `sample ${i}`;
    if (image.src !== url) image.src = url;
  });
  words(shown, stage.shown);
  words(note, stage.note);
}

function render() {
  const value = props.value || { stages: [], end: null };
  words(find('.nothing'), value.nothing);
  while (list.children.length < value.stages.length) row();
  while (list.children.length > value.stages.length) list.lastChild.remove();
  value.stages.forEach((stage, i) => fill(list.children[i], stage));
  const end = value.end;
  find('.end').hidden = !end;
  find('.end').classList.toggle('failed', Boolean(end && end.failed));
  words(find('.title'), end && end.title);
  words(find('.error'), end && end.error);
  words(find('.said'), end && end.said);
  clearTimeout(speaking);  // while a number is typed only the last result is read out
  speaking = setTimeout(() => { find('.live').textContent = value.spoken || ''; }, 700);
}

watch('value', render);
render();
