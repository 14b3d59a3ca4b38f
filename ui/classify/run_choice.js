// Which of the visitor's runs answers beside the shipped network. The line appears once the visitor has a run.
//
// Value: null (the shipped network alone) or {use: id of the run, visitor: secret}.
// Event: 'input' when the visitor chooses or removes one, and when the chosen run was removed.

import { finder } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { reply, turns } from '../kit/latest.js';
import { onPicture } from '../kit/picture.js';
import { onRuns } from '../kit/runs.js';
import { signal } from '../kit/signal.js';
import { recall, remember } from '../kit/storage.js';
import { keepContact, lostByRestart, visitor } from '../kit/visitor.js';

const KEY = 'tp-rival';   // a reload brings the choice back
const READING = 8000;     // ms that a sentence stays at least
const RUN_REMOVED = t('The run that answered here was removed: the shipped network answers alone.');
const RUN_LOST = t('The server was restarted: the run that answered here is gone. The shipped network answers alone.');

/** @type {import('../kit/signal.js').Signal<string>} */
const losses = signal();

/** Reports that the run of an answer is gone. @param {string} sentence about it */
export const reportMissingRun = (sentence) => losses.send(sentence);

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, server, watch, trigger }) {
  const find = finder(element);
  /** @type {{ run: string, text: string }[]} */
  let runs = [];
  const begin = turns();
  let sentenceTime = 0;

  const chosenRun = () => props.value?.use ?? '';
  const isListed = (use) => runs.some(({ run }) => run === use);
  const keep = (use) => remember(KEY, use || null);

  function choose(use) {
    props.value = use ? { use, visitor } : null;
    if (use) keep(use);
  }

  function say(sentence) {
    if (!sentence) keep(chosenRun());   // the sentence does not come again after a reload
    find('.status').textContent = sentence;
    sentenceTime = performance.now();
    show();
  }

  function show() {
    find('.rival').hidden = !runs.length && !find('.status').textContent;
    find('.line').hidden = !runs.length;
  }

  function render() {
    const use = isListed(chosenRun()) ? chosenRun() : '';
    find('.question').textContent = use ? t('Also asked:') : t('Also ask a run of yours:');
    find('select').replaceChildren(new Option(t('none'), ''), ...runs.map(({ run, text }) => new Option(text, run)));
    find('select').value = use;
    find('.remove').hidden = !use;
    show();
  }

  /** @param {{ run: string, text: string }[]} list @param {string} use the choice when the list was made */
  async function take(list, use) {
    runs = list;
    if (use && use === chosenRun() && !isListed(use)) leave(await lostByRestart() ? RUN_LOST : RUN_REMOVED);
    render();
  }

  async function refresh() {
    const isNewest = begin();
    const use = chosenRun();
    const answer = await reply(server.runs, { visitor, use });
    // while the server is away, the list stays
    if (isNewest() && !answer.problem) take(answer.runs, use);
  }

  function leave(sentence) {
    choose('');   // the browser forgets the choice only with the next sentence: the page may be reloaded before this one is read
    render();
    say(sentence);
    trigger('input');
  }

  /** @param {string} use */
  function change(use) {
    choose(use);
    say('');
    render();
    trigger('input');
  }

  find('select').addEventListener('change', (event) => change(event.target.value));
  find('.remove').addEventListener('click', () => {
    change('');
    find('select').focus();
  });
  onRuns(element, (list) => {
    begin();   // an answer on its way is older
    const use = chosenRun();
    take(list.filter(({ id, usable }) => usable || id === use).reverse().map(({ id, text }) => ({ run: id, text })), use);
  });
  onPicture(element, () => {
    // the sentence goes with the next picture, once there was time to read it
    if (find('.status').textContent && performance.now() - sentenceTime > READING) say('');
  });
  losses.listen(element, async (sentence) => {
    if (!chosenRun()) return;
    choose('');
    refresh();
    render();
    say(await lostByRestart() ? RUN_LOST : sentence);
  });
  watch('value', () => {
    if (chosenRun()) say('');
    if (chosenRun() && !isListed(chosenRun())) refresh();
    render();
  });

  const stored = recall(KEY);
  if (props.value) keep(chosenRun());   // chosen in Train before this tab was opened
  else if (typeof stored === 'string') choose(stored);
  render();
  refresh();
  keepContact(refresh);
}
