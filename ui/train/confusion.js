// The confusion matrix of a run and the pictures behind its cells. Goes on after results.js.

const TOP = 6;          // pairs of classes in the list of frequent mistakes
let cell = [0, 0];      // row and column of the matrix that the keyboard is at

function showMatrix() {
  const { confusion, samples, part } = counted();
  const all = confusion.flat().reduce((sum, one) => sum + one, 0);
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  find('.set').textContent = `${part === 'test' ? 'Test set, at the end of the run' : `Validation set after epoch ${shown.epoch}`}: ${many(right)} of ${many(samples ?? all)} pictures right, ${percent(right / all)}. ` +
    'A row for each true class, a column for each answer. Choose a cell to see its mistakes.';
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, k) => k !== i)));
  let table = find('.matrix table');
  if (!table || table.rows.length !== confusion.length + 1) table = newTable(confusion.length);
  const names = known.classes;
  confusion.forEach((row, i) => {
    const line = table.rows[i + 1];
    const sum = row.reduce((total, one) => total + one, 0);
    line.cells[0].textContent = names[i] ?? i;
    table.rows[0].cells[i + 1].firstElementChild.textContent = names[i] ?? i;
    row.forEach((count, k) => {
      const box = line.cells[k + 1];
      box.textContent = count || '·';
      box.className = i === k ? 'right' : count ? 'wrong' : 'none';
      box.style.setProperty('--part', i === k ? (sum ? count / sum : 0) : Math.sqrt(count / most));
      box.title = `${count} ${count === 1 ? 'picture' : 'pictures'} of ${nameOf(i)} answered as ${nameOf(k)}${sum ? `, ${percent(count / sum)} of ${sum}` : ''}`;
      box.setAttribute('aria-label', box.title);
      box.setAttribute('aria-selected', String(Boolean(opened) && opened[0] === i && opened[1] === k));
    });
  });
  showFrequent();
}

function newTable(size) {
  const table = make('table');
  table.setAttribute('role', 'grid');
  table.setAttribute('aria-label', 'Confusion matrix. The arrow keys move, Enter shows the pictures of a cell.');
  const head = table.createTHead().insertRow();
  head.append(make('td', '', 'corner'));
  const body = table.createTBody();
  for (let i = 0; i < size; i += 1) {
    const top = make('th');
    top.scope = 'col';
    top.append(make('span'));
    head.append(top);
    const line = body.insertRow();
    const first = make('th');
    first.scope = 'row';
    line.append(first);
    for (let k = 0; k < size; k += 1) {
      const box = make('td');
      box.tabIndex = -1;
      box.dataset.place = `${i},${k}`;
      box.setAttribute('role', 'gridcell');
      line.append(box);
    }
  }
  cell = [0, 0];
  table.rows[1].cells[1].tabIndex = 0;
  table.addEventListener('click', (event) => {
    const place = event.target.closest('[data-place]')?.dataset.place;
    if (place) { move(...place.split(',').map(Number)); open(cell); }
  });
  table.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(cell, true); return; }
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -size], End: [0, size] }[event.key];
    if (!step) return;
    event.preventDefault();
    move(...cell.map((place, n) => Math.min(size - 1, Math.max(0, place + step[n]))));
  });
  find('.matrix').replaceChildren(table);
  return table;
}

function move(row, column) {
  const box = ([i, k]) => find(`.matrix [data-place="${i},${k}"]`);
  box(cell).tabIndex = -1;
  cell = [row, column];
  box(cell).tabIndex = 0;
  box(cell).focus({ preventScroll: true });
}

function showFrequent() {
  const list = [...(counted().wrong || [])].sort((a, b) => b.count - a.count).slice(0, TOP);
  const most = list.length ? list[0].count : 1;
  const focused = find('.frequent').contains(document.activeElement) ? [...find('.frequent').querySelectorAll('button')].indexOf(document.activeElement) : -1;
  find('.side > h4').hidden = !list.length;
  find('.frequent').replaceChildren(...list.map((one) => {
    const item = make('li');
    const button = make('button', undefined, 'pair-of');
    button.type = 'button';
    button.style.setProperty('--part', one.count / most);
    button.append(make('span', `${nameOf(one.label)} taken for ${nameOf(one.answer)}`), make('b', many(one.count)));
    button.addEventListener('click', () => open([one.label, one.answer]));
    item.append(button);
    return item;
  }));
  if (focused >= 0) find('.frequent').querySelectorAll('button')[focused]?.focus();
}

function open(place, enter = false) {
  opened = place;
  showMatrix();
  showOpened();
  const title = find('.opened');
  if (enter) title.focus({ preventScroll: true });
  const box = title.getBoundingClientRect();
  if (box.top > window.innerHeight - 160 || box.bottom < 0) title.scrollIntoView({ block: 'start' });
}

function showOpened() {
  const view = find('.pictures.of-cell');
  const title = find('.opened');
  const note = find('.side .note');
  title.hidden = note.hidden = !opened;
  if (!opened) { view.replaceChildren(); return; }
  const [row, column] = opened;
  const { confusion, wrong, part } = counted();
  const count = confusion[row]?.[column] ?? 0;
  title.textContent = `${nameOf(row)} → ${nameOf(column)}: ${many(count)}`;
  if (row === column) {
    note.textContent = `${many(count)} pictures of ${nameOf(row)} were answered rightly. Pictures are kept of mistakes only.`;
    view.replaceChildren();
    return;
  }
  const found = (wrong || []).find((one) => one.label === row && one.answer === column);
  if (!found) {
    note.textContent = `No picture of ${nameOf(row)} was taken for ${nameOf(column)}.`;
    view.replaceChildren();
    return;
  }
  const all = found.indices.length;
  note.textContent = `True class ${nameOf(row)}, answer ${nameOf(column)}. ${all < count ? `The ${all} surest of ${many(count)}.` : 'The surest answers come first.'}`;
  fill(view, part, found.indices.map((index, n) => ({ index, confidence: found.confidence[n] })), (one) => [['b', sure(one.confidence)], ['small', `#${many(one.index)}`]]);
}
