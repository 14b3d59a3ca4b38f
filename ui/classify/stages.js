// The way from the visitor's picture to the 28x28, one picture and one sentence a step.
//
// Value: null or {stages: [{name, caption, image}]}, image a data URL.

const list = element.querySelector('.stages');

function part(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function row() {
  const item = part('li', 'stage');
  const frame = part('span', 'frame');
  const image = part('img', '');
  image.alt = '';  // the caption beside it says what it is
  frame.append(image);
  item.append(frame, part('strong', ''), part('span', 'caption'));
  list.append(item);
}

function render() {
  const stages = (props.value && props.value.stages) || props.steps.map(([name, caption]) => ({ name, caption, image: '' }));
  while (list.children.length < stages.length) row();
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

watch('value', render);
render();
