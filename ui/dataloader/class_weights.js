// A weight for each class, and how often the next epoch draws it.
//
// Value from the server: {classes, weights, drawn, uniform, epoch}. Value to the server: {weights}.

let sent = null;  // the last weights on their way: an answer to those before must not undo what was typed since

function render() {
  const value = props.value;
  if (!value || !value.classes) return;
  const rows = element.querySelector('.rows');
  while (rows.children.length > value.classes.length) rows.lastElementChild.remove();
  while (rows.children.length < value.classes.length) {
    const row = make('li');
    const input = make('input');
    Object.assign(input, { type: 'number', min: 0, max: 1000, step: 0.5, inputMode: 'decimal' });
    input.addEventListener('input', send);
    const bars = make('span', undefined, 'bars');
    ['now', 'even'].forEach((name) => {
      const bar = make('span', undefined, 'bar');
      const track = make('span');
      track.append(make('i', undefined, name));
      bar.append(track, make('span'));
      bars.append(bar);
    });
    row.append(make('span', '', 'name'), input, bars);
    rows.append(row);
  }
  if (sent && (sent.length !== value.weights.length || sent.every((weight, k) => weight === value.weights[k]))) sent = null;
  const most = Math.max(1, ...value.drawn, ...value.uniform);
  [...rows.children].forEach((row, k) => {
    const [name, input, bars] = row.children;
    name.textContent = value.classes[k];
    name.title = value.classes[k];
    input.setAttribute('aria-label', `Weight of ${value.classes[k]}`);
    // a number half typed stays as it is under the visitor's fingers
    if (!sent && document.activeElement !== input) input.value = value.weights[k];
    [value.drawn[k], value.uniform[k]].forEach((count, which) => {
      bars.children[which].querySelector('i').style.width = `${(100 * count) / most}%`;
      bars.children[which].lastElementChild.textContent = count.toLocaleString('en-US');
    });
  });
  const key = element.querySelector('.key');
  key.replaceChildren(...[['accent', `drawn in epoch ${value.epoch + 1} with these weights`], ['bar', 'each sample once']].map(([name, words]) => {
    const entry = make('span', words);
    entry.style.setProperty('--dot', `var(--tp-${name})`);
    return entry;
  }));
}

function send() {
  const weights = [...element.querySelectorAll('input')].map((input) => (input.value === '' ? null : Number(input.value)));
  if (weights.some((weight) => weight === null || Number.isNaN(weight))) return;
  sent = weights;
  props.value = { weights };
  trigger('input');
}
watch('value', render);
render();
