// Which run of the visitor's own answers beside the shipped network. The line is there once the visitor has a run.
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

const KEPT = 'tp-rival';  // a reload brings the choice back
const READING = 8000;     // ms that a sentence stays at least
const REMOVED = t('The run that answered here was removed: the shipped network answers alone.');
const LOST = t('The server was restarted: the run that answered here is gone. The shipped network answers alone.');

/** @type {import('../kit/signal.js').Signal<string>} */
const losses = signal();

/** An answer found no run any more. @param {string} sentence about it */
export const reportMissingRun = (sentence) => losses.send(sentence);

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, server, watch, trigger }) {
  const find = finder(element);
  /** @type {{ run: string, text: string }[]} */
  let runs = [];
  const begin = turns();
  let shownAt = 0;

  const chosen = () => props.value?.use ?? '';
  const isListed = (use) => runs.some(({ run }) => run === use);
  const keep = (use) => remember(KEPT, use || null);

  function choose(use) {
    props.value = use ? { use, visitor } : null;
    if (use) keep(use);
  }

  function say(sentence) {
    if (!sentence) keep(chosen());   // after a reload the sentence does not come again
    find('.status').textContent = sentence;
    shownAt = performance.now();
    show();
  }

  function show() {
    find('.rival').hidden = !runs.length && !find('.status').textContent;
    find('.line').hidden = !runs.length;
  }

  function render() {
    const use = isListed(chosen()) ? chosen() : '';
    find('.question').textContent = use ? t('Also asked:') : t('Also ask a run of yours:');
    find('select').replaceChildren(new Option(t('none'), ''), ...runs.map(({ run, text }) => new Option(text, run)));
    find('select').value = use;
    find('.remove').hidden = !use;
    show();
  }

  /** @param {{ run: string, text: string }[]} list @param {string} use what was chosen when it was made */
  async function take(list, use) {
    runs = list;
    if (use && use === chosen() && !isListed(use)) leave(await lostByRestart() ? LOST : REMOVED);
    render();
  }

  async function refresh() {
    const isNewest = begin();
    const use = chosen();
    const answer = await reply(server.runs, { visitor, use });
    // where the server is away, what is known stays
    if (isNewest() && !answer.problem) take(answer.runs, use);
  }

  function leave(sentence) {
    choose('');   // it is kept until the sentence had time to be read: the page may be reloaded just now
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
    begin();   // an answer that is on its way is older
    const use = chosen();
    take(list.filter(({ id, usable }) => usable || id === use).reverse().map(({ id, text }) => ({ run: id, text })), use);
  });
  onPicture(element, () => {
    // the sentence goes with the next picture, once there was time to read it
    if (find('.status').textContent && performance.now() - shownAt > READING) say('');
  });
  losses.listen(element, async (sentence) => {
    if (!chosen()) return;
    choose('');
    refresh();
    render();
    say(await lostByRestart() ? LOST : sentence);
  });
  watch('value', () => {
    if (chosen()) say('');
    if (chosen() && !isListed(chosen())) refresh();
    render();
  });

  const kept = recall(KEPT);
  if (typeof kept === 'string' && !props.value) choose(kept);
  render();
  refresh();
  keepContact(refresh);
}
