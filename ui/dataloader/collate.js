// From samples to a batch: on the left what dataset[i] gave, on the right what the collate_fn made of them.
//
// Value: null, or {samples: [{title, text, input}], more, collate, result}
//   input: null, {cells: [text]} or {height, width, pixels}; pixels: base64 of height * width bytes
//   result: {title, about, structure: [line], parts: [part], error, words, means, filled}
//   part: {cells: [text], own: number} or {height, width, own: [height, width], pixels of the own part}

function part(tag, className, words) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words || '';
  return made;
}

function cells(texts, own = texts.length) {
  const row = part('div', 'cells');
  texts.forEach((text, i) => row.append(part('b', i < own ? '' : 'fill', text)));
  return row;
}

// pixels: those of the part that is not filled in; the rest of height x width shows the hatching of the frame
function picture({ height, width, own, pixels }, scale) {
  const [rows, columns] = own || [height, width];
  const frame = part('span', 'picture');
  frame.style.width = `${scale * width}px`;
  frame.style.height = `${scale * height}px`;
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  canvas.style.width = `${scale * columns}px`;
  canvas.style.height = `${scale * rows}px`;
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(columns, rows);
  Array.from(atob(pixels)).forEach((letter, i) => {
    const grey = letter.charCodeAt(0);
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  pen.putImageData(image, 0, 0);
  frame.append(canvas);
  frame.setAttribute('aria-hidden', 'true');  // its size and label stand beside it as text
  return frame;
}

function drawSamples(samples) {
  const list = find('.samples');
  list.textContent = '';
  const sizes = samples.flatMap(({ input }) => (input && input.pixels ? [input.height, input.width] : []));
  samples.forEach(({ title, text, input }) => {
    const item = part('li', input && input.cells ? 'long' : '');
    if (input && input.pixels) {
      const slot = part('span', 'slot');
      slot.append(picture(input, 64 / Math.max(...sizes)));
      item.append(slot);
    }
    const told = part('div', 'text', title);
    told.append(part('span', '', text));
    item.append(told);
    if (input && input.cells) item.append(cells(input.cells));
    list.append(item);
  });
}

function render() {
  const value = props.value;
  element.style.display = value ? '' : 'none';
  if (!value) return;
  const { result } = value;
  drawSamples(value.samples);
  find('.more').textContent = value.more;
  find('.more').hidden = !value.more;
  find('.arrow code').textContent = value.collate;
  find('.after h3').textContent = result.title;
  find('.after .about').textContent = result.about;
  find('.after .about').hidden = !result.about;

  const box = find('.batch');
  box.textContent = '';
  const pictures = result.parts.some(({ pixels }) => pixels);
  box.className = `batch${pictures ? ' pictures' : ''}`;
  result.parts.forEach((one) => {
    box.append(one.cells ? cells(one.cells, one.own) : picture(one, 96 / Math.max(one.height, one.width)));
  });
  box.hidden = !result.parts.length;
  find('.key').hidden = !result.filled;
  find('.key').classList.toggle('dark', pictures);

  find('.problem').hidden = !result.error;
  find('.problem strong').textContent = result.error;
  find('.words').textContent = result.words;
  find('.means').textContent = result.means;
  find('.structure').hidden = !result.structure.length;
  find('.structure pre').textContent = result.structure.join('\n');
  find('.live').textContent = `${result.title}. ${result.error} ${result.means}`;
}

watch('value', render);
render();
