// The choices of the Train tab: the form, the runs that are ready to try, and what follows from what is chosen.
//
// `values` holds every field, also those that do not apply now, so that a choice comes back with its network. What is
// sent are those that apply: `recipe()`.

const KEPT_FORM = 'tp-form';
const AGAIN = 1500;        // ms until a server that is away is asked again

const form = props.form;
const fieldOf = Object.fromEntries(form.fields.map((field) => [field.key, field]));
let values = { ...form.defaults, ...form.presets[0].recipe, ...keptChoices() };
let told = null;           // the last answer of server.choices
let own = null;            // {token, told} of the visitor's own pictures
let asking = false;
let stale = false;
let rated = recall(KEPT_FORM).rated === true;   // whether the visitor has chosen a learning rate

const applies = (field) => Object.entries(field.only_for).every(([key, list]) => list.includes(values[key]));
const recipe = () => Object.fromEntries(form.fields.filter(applies).map(({ key }) => [key, values[key]]));
const whole = (text) => (/^\s*[-+]?(\d[\d\s,_]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text.replace(/[\s,_]/g, '')) : NaN);

function keptChoices() {   // those of before a reload, without what this page does not know
  const kept = recall(KEPT_FORM).values ?? {};
  const fits = ({ key, kind, options }) => {
    if (kind === 'switch') return typeof kept[key] === 'boolean';
    return kind === 'choice' ? options.some((option) => option.value === kept[key]) : Number.isFinite(kept[key]);
  };
  return Object.fromEntries(form.fields.filter(fits).map(({ key }) => [key, kept[key]]));
}

// --- drawing it ---------------------------------------------------------------------------------------------------

function showNumber(field) {
  const value = values[field.key];
  if (value === 0 && field.zero) return field.zero;
  if (value === null || Number.isNaN(value)) return '';
  return field.key === 'samples' ? many(value) : String(value);
}

function readNumber(field, text) {
  if (field.zero && text.trim().toLowerCase() === field.zero) return 0;
  const value = whole(text);
  return Number.isFinite(value) ? value : null;   // the server says what is wrong with it
}

function drawField(field) {
  const view = make('div', undefined, 'field');
  view.dataset.key = field.key;
  const id = `train-${field.key}`;
  const help = make('span', field.help, 'help');
  help.id = `${id}-help`;
  let control;
  if (field.kind === 'switch') {
    const label = make('label', undefined, 'switch');
    control = make('input');
    control.type = 'checkbox';
    control.addEventListener('change', () => changed(field.key, control.checked));
    label.append(control, make('span', field.label));
    view.append(label, help);
  } else {
    const label = make('label', field.label);
    label.htmlFor = id;
    view.append(label);
    if (field.kind === 'choice') {
      control = make('select');
      control.append(...field.options.map((option) => new Option(option.label, option.value)));
      control.addEventListener('change', () => changed(field.key, control.value));
      view.append(control);
    } else {
      control = make('input');
      Object.assign(control, { type: 'text', inputMode: 'decimal' });
      // an answer that comes meanwhile must not write over what is being typed
      control.addEventListener('input', () => { control.dataset.typing = 'yes'; });
      control.addEventListener('blur', () => { delete control.dataset.typing; });
      control.addEventListener('change', () => { delete control.dataset.typing; changed(field.key, readNumber(field, control.value)); });
      view.append(field.kind === 'rate' ? drawRate(field, control) : drawStepper(field, control));
      if (field.kind === 'rate') view.append(drawQuick(field));
    }
    view.append(help);
  }
  control.id = id;
  control.name = field.key;
  control.setAttribute('aria-describedby', help.id);
  control.classList.add('control');
  if (field.kind === 'rate') view.classList.add('wide');
  return view;
}

function drawStepper(field, control) {
  const view = make('div', undefined, 'stepper');
  const place = (value) => (value === 0 && field.zero === 'all' ? Infinity : value);
  const step = (direction) => {
    const now = place(values[field.key] ?? 0);
    const ladder = field.ladder.map(place).sort((a, b) => a - b);
    const next = direction > 0 ? ladder.find((one) => one > now) : ladder.reverse().find((one) => one < now);
    if (next !== undefined) changed(field.key, next === Infinity ? 0 : next);
  };
  const [less, more] = [['−', 'Less', -1], ['+', 'More', 1]].map(([sign, word, direction]) => {
    const button = make('button', sign);
    button.type = 'button';
    button.setAttribute('aria-label', `${word}: ${field.label}`);
    button.addEventListener('click', () => step(direction));
    return button;
  });
  control.addEventListener('keydown', (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    delete control.dataset.typing;
    step(direction);
  });
  view.append(less, control, more);
  return view;
}

function drawRate(field, control) {   // a slider in equal steps of the logarithm
  const view = make('div', undefined, 'slide');
  const slider = make('input', undefined, 'slider');
  const { low, high } = form.rates;
  Object.assign(slider, { type: 'range', min: Math.log10(low), max: Math.log10(high), step: 0.05 });
  slider.setAttribute('aria-label', `${field.label}, logarithmic`);
  slider.addEventListener('input', () => changed(field.key, Number((10 ** Number(slider.value)).toPrecision(2))));
  view.append(slider, control);
  return view;
}

function drawQuick(field) {
  const view = make('div', undefined, 'quick');
  view.setAttribute('role', 'group');
  view.setAttribute('aria-label', `${field.label}, usual values`);
  view.append(...form.rates.quick.map((rate) => {
    const button = make('button', String(rate), 'small');
    button.type = 'button';
    button.dataset.rate = rate;
    button.addEventListener('click', () => changed(field.key, rate));
    return button;
  }));
  return view;
}

function showField(field) {
  const view = find(`.field[data-key="${field.key}"]`);
  const control = view.querySelector('.control');
  const value = values[field.key];
  const on = applies(field);
  view.hidden = !on && !field.first;
  if (field.kind === 'switch') control.checked = value;
  else if (field.kind === 'choice') control.value = value;
  else if (!control.dataset.typing && (document.activeElement !== control || readNumber(field, control.value) !== value)) control.value = showNumber(field);
  if (field.kind === 'choice') {
    const option = field.options.find((one) => one.value === value);
    view.querySelector('.help').textContent = option ? option.help : '';
  }
  if (field.key === 'data') {
    const mine = [...control.options].find((option) => option.value === 'own');
    mine.disabled = !own;
    if (value === 'own') view.querySelector('.help').textContent = own ? own.told : form.needs_pictures;
    else if (props.value?.note) view.querySelector('.help').textContent += ` Your own cannot be used: ${props.value.note}`;
  }
  if (field.kind === 'rate' && value > 0) {
    const slider = view.querySelector('.slider');
    slider.value = Math.log10(value);
    slider.setAttribute('aria-valuetext', String(value));
    view.querySelectorAll('.quick button').forEach((button) => button.setAttribute('aria-pressed', String(Number(button.dataset.rate) === value)));
  }
  const wrong = Boolean(told?.problem) && told.field === field.key;
  view.classList.toggle('wrong', wrong);
  control.setAttribute('aria-invalid', String(wrong));
}

const same = (one) => Object.entries(one).every(([key, value]) => key === 'device' || values[key] === value);

function showForm() {
  form.fields.forEach(showField);
  const chosen = form.presets.find((preset) => same(preset.recipe));
  element.querySelectorAll('.preset').forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.key === chosen?.key)));
  find('.promise').textContent = chosen ? chosen.sentence : form.introduction;
  // what is set behind the fold is not to be forgotten there
  const departed = form.fields.filter((field) => !field.first && applies(field) && values[field.key] !== form.defaults[field.key]);
  find('.departed').textContent = departed.map((field) => `${field.label.toLowerCase()} ${typeof values[field.key] === 'boolean' ? (values[field.key] ? 'on' : 'off') : showNumber(field)}`).join(', ');
}

function showFacts() {
  const problem = told?.problem || '';
  find('.foot .problem').hidden = !problem;
  find('.foot .problem').textContent = problem;
  if (problem) {
    find('.facts').textContent = '';
    if (told.field && find(`.rest [data-key="${told.field}"]`)) find('.more').open = true;
    return;
  }
  const { parameters, an_epoch: each, steps } = told.facts;
  const fact = (number, word) => [make('b', many(number)), ` ${word}`];
  const epochs = values.epochs === 1 ? '' : ` · ${many(steps)} in all`;
  find('.facts').replaceChildren(...fact(parameters, 'parameters'), ' · ', ...fact(each, `step${each === 1 ? '' : 's'} an epoch${epochs}`));
  find('.command pre').textContent = told.command;
  find('.program pre').textContent = told.code;
}

// --- changing it --------------------------------------------------------------------------------------------------

async function tell() {   // what follows from the choices; of several changes only the last one counts
  stale = true;
  remember(KEPT_FORM, { values, rated });
  // the search for good settings goes by the same choices
  Object.assign(window, { tpRecipe: recipe(), tpToken: own?.token });
  document.dispatchEvent(new CustomEvent('tp-recipe', { detail: window.tpRecipe }));
  if (asking) return;
  asking = true;
  while (stale) {
    stale = false;
    const answer = await ask('choices', { recipe: recipe(), token: own?.token });
    if (stale) continue;
    told = answer;
    showFacts();
    showForm();
    if (answer.lost) {
      await pause(AGAIN);
      stale = true;
    }
  }
  asking = false;
}

function changed(key, value) {
  values = { ...values, [key]: value };
  if (key === 'lr') rated = true;
  // a learning rate that nobody chose goes along with the optimizer
  if (key === 'optimizer' && !rated) values.lr = form.rates.usual[value];
  if (key === 'data' && values.samples > (form.available[value] ?? Infinity)) values.samples = 0;
  showForm();
  tell();
}

function choose(next) {
  rated = false;
  values = { ...form.defaults, ...next };
  showForm();
  tell();
}

find('.presets').append(...form.presets.map((preset) => {
  const button = make('button', preset.title, 'preset');
  button.type = 'button';
  button.dataset.key = preset.key;
  button.title = preset.sentence;
  button.addEventListener('click', () => choose({ ...preset.recipe, device: values.device }));
  return button;
}));
find('.fields.basic').append(...form.fields.filter((field) => field.first).map(drawField));
find('.fields.rest').append(...form.fields.filter((field) => !field.first).map(drawField));

element.querySelectorAll('.code').forEach((view) => {
  const button = view.querySelector('.copy');
  button.addEventListener('click', () => copied(button, view.querySelector('pre').textContent));
});

document.addEventListener('tp-choose', ({ detail }) => {   // and puts what it found here
  if (!detail || !element.isConnected) return;
  rated = rated || 'lr' in detail;
  values = { ...values, ...detail };
  showForm();
  tell();
});

function takeOwn() {   // the visitor's own pictures come and go in another tab
  own = props.value?.own || null;
  if (values.data === 'own' && !own) changed('data', form.defaults.data);
  else { showForm(); tell(); }
}
watch('value', takeOwn);
takeOwn();
