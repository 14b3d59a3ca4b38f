// The window over a small input: which cells and weights make an output cell, and which outputs an input cell reaches.
//
// shown.window: {note}, or the numbers of `models/window.py` with `lead`. rows[o] lists the pairs [input row, kernel row]
// that output row o reads, columns likewise; rows outside of the input are padding.

let cell = 0;          // the output cell in sight
let sliding = null;

const signed = (value) => (value < 0 ? `(−${Math.abs(value)})` : String(value));
const tidy = (value) => (value === null ? '−∞' : String(Math.round(value * 1e4) / 1e4).replace('-', '−'));

function stopSliding() {
  clearTimeout(sliding);
  sliding = null;
  find('.play').textContent = 'Play';
  find('.sum').setAttribute('aria-live', 'polite');
}

function grid(view, rowCount, columnCount, top, left, values, many) {
  view.style.gridTemplateColumns = `repeat(${columnCount}, var(--cell))`;
  view.style.setProperty('--cell', many > 16 ? '26px' : '34px');
  const cells = [];
  for (let y = 0; y < rowCount; y += 1) {
    for (let x = 0; x < columnCount; x += 1) {
      const line = values[y - top];
      const value = line && x >= left ? line[x - left] : undefined;
      const made = make('i', value === undefined ? '0' : tidy(value), value === undefined ? 'pad' : '');
      made.y = y - top;
      made.x = x - left;
      cells.push(made);
    }
  }
  view.replaceChildren(...cells);
}

function reads(index) {
  const { rows: down, columns: across, output } = shown.window;
  const width = output[0].length;
  return down[Math.floor(index / width)].flatMap(([y, ky]) => across[index % width].map(([x, kx]) => ({ y, x, ky, kx })));
}

function showWindow() {
  const data = shown.window || { note: '' };
  find('.window').hidden = Boolean(shown.error) || !shown.window;
  find('.lead').textContent = data.note || data.lead || '';
  find('.grids').hidden = find('.bar').hidden = find('.sum').hidden = Boolean(data.note);
  if (find('.window').hidden || data.note) return stopSliding();
  const { input, kernel, output } = data;
  const border = (taps, size) => {
    const all = taps.flat().map(([place]) => place);
    return [Math.max(0, -Math.min(0, ...all)), Math.max(0, Math.max(0, ...all) - size + 1)];
  };
  const [top, bottom] = border(data.rows, input.length);
  const [left, right] = border(data.columns, input[0].length);
  grid(find('.input'), input.length + top + bottom, input[0].length + left + right, top, left, input, input[0].length + left + right);
  grid(find('.output'), output.length, output[0].length, 0, 0, output, output[0].length);
  find('.middle').hidden = !kernel.length;
  if (kernel.length) grid(find('.kernel'), kernel.length, kernel[0].length, 0, 0, kernel, kernel[0].length);
  find('.input-name').textContent = `Input ${input.length} × ${input[0].length}${top + left + bottom + right ? ', dashed: padding' : ''}`;
  find('.output-name').textContent = `Output ${output.length} × ${output[0].length}`;
  find('.input').setAttribute('aria-label', 'Input: the arrow keys choose a cell and show which outputs it reaches.');
  find('.output').setAttribute('aria-label', 'Output: the arrow keys choose a cell and show what made it.');
  cell = Math.min(cell, output.length * output[0].length - 1);
  showCell();
}

function clear() {
  element.querySelectorAll('.window .grid i').forEach((one) => {
    one.classList.remove('read', 'now', 'reached', 'hole', 'winner');
    one.querySelector('sub')?.remove();
  });
}

function showCell() {
  const { kind, kernel, bias, output, divisor, winners } = shown.window;
  const width = output[0].length;
  clear();
  const lookup = new Map([...find('.input').children].map((one) => [`${one.y},${one.x}`, one]));
  const pairs = reads(cell);
  const terms = [];
  for (const { y, x, ky, kx } of pairs) {
    const source = lookup.get(`${y},${x}`);
    const value = source && !source.classList.contains('pad') ? Number(shown.window.input[y][x]) : 0;
    const outside = !source || source.classList.contains('pad');
    if (source) {
      source.classList.add('read');
      if (kernel.length) source.append(make('sub', tidy(kernel[ky][kx])));
    }
    if (kernel.length) terms.push(`${signed(value)}·${signed(kernel[ky][kx])}`);
    else if (!(kind === 'MaxPool2d' && outside)) terms.push(String(value));
  }
  const inside = pairs.map(({ y, x }) => [y, x]);
  if (inside.length) {  // the holes of dilation: inside the window, not read
    const span = [0, 1].map((i) => [Math.min(...inside.map((p) => p[i])), Math.max(...inside.map((p) => p[i]))]);
    for (let y = span[0][0]; y <= span[0][1]; y += 1) {
      for (let x = span[1][0]; x <= span[1][1]; x += 1) {
        const hole = lookup.get(`${y},${x}`);
        if (hole && !hole.classList.contains('read')) hole.classList.add('hole');
      }
    }
  }
  find('.output').children[cell].classList.add('now');
  const winner = winners.length ? winners[Math.floor(cell / width)][cell % width] : null;
  if (winner) lookup.get(`${winner[0]},${winner[1]}`).classList.add('winner');
  const [row, column] = [Math.floor(cell / width), cell % width];
  const result = tidy(output[row][column]);
  const sum = find('.sum');
  const start = `output[${row}, ${column}] = `;
  if (kind === 'MaxPool2d') sum.textContent = `${start}max(${terms.join(', ')}) = `;
  else if (kind === 'AvgPool2d') sum.textContent = `${start}(${terms.join(' + ')}) / ${divisor} = `;
  else sum.textContent = `${start}${terms.join(' + ') || '0'}${shown.spec.bias ? ` + bias ${signed(bias)}` : ''} = `;
  sum.append(make('b', result));
}

function showReached(source) {
  clear();
  source.classList.add('now');
  let count = 0;
  [...find('.output').children].forEach((one, index) => {
    const hits = reads(index).some(({ y, x }) => y === source.y && x === source.x);
    one.classList.toggle('reached', hits);
    count += hits;
  });
  const what = source.classList.contains('pad') ? 'padding cell' : `input[${source.y}, ${source.x}] = ${source.textContent}`;
  find('.sum').textContent = `${what} reaches ${count} output cell${count === 1 ? '' : 's'}, marked violet.`;
}

function advance(by) {
  const count = shown.window.output.length * shown.window.output[0].length;
  cell = (cell + by + count) % count;
  showCell();
}

function slide() {
  find('.play').textContent = 'Pause';
  find('.sum').setAttribute('aria-live', 'off');  // nobody can listen that fast
  const tick = () => {
    if (!element.isConnected || find('.window').hidden) return stopSliding();
    if (element.offsetParent !== null) advance(1);
    sliding = setTimeout(tick, 1000 / Number(find('.speed input').value));
  };
  sliding = setTimeout(tick, 0);
}

find('.back').addEventListener('click', () => { stopSliding(); advance(-1); });
find('.forth').addEventListener('click', () => { stopSliding(); advance(1); });
find('.play').addEventListener('click', () => (sliding === null ? slide() : stopSliding()));

const outputs = find('.output');
const inputs = find('.input');
for (const name of ['pointermove', 'pointerdown']) {
  outputs.addEventListener(name, (event) => {
    const index = [...outputs.children].indexOf(event.target.closest('i'));
    if (index < 0) return;
    stopSliding();
    if (index !== cell || name === 'pointerdown') { cell = index; showCell(); }
  });
  inputs.addEventListener(name, (event) => {
    const source = event.target.closest('i');
    if (source) { stopSliding(); showReached(source); }
  });
}
inputs.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') showCell(); });

function keys(view, move) {
  view.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    stopSliding();
    move(step);
  });
}
let pointed = 0;
keys(outputs, ([dy, dx]) => {
  const width = shown.window.output[0].length;
  const height = shown.window.output.length;
  const y = Math.min(height - 1, Math.max(0, Math.floor(cell / width) + dy));
  cell = y * width + Math.min(width - 1, Math.max(0, (cell % width) + dx));
  showCell();
});
keys(inputs, ([dy, dx]) => {
  const width = getComputedStyle(inputs).gridTemplateColumns.split(' ').length;
  const height = inputs.children.length / width;
  pointed = Math.min(pointed, inputs.children.length - 1);
  const y = Math.min(height - 1, Math.max(0, Math.floor(pointed / width) + dy));
  pointed = y * width + Math.min(width - 1, Math.max(0, (pointed % width) + dx));
  showReached(inputs.children[pointed]);
});

watch('value', () => { if (props.value) { shown = props.value; good = shown.spec; render(); } });
if (props.value) { shown = props.value; good = shown.spec; render(); }
