// The batch on screen and the way through the epoch.
//
// Value from the server: what `on_step` of steps.py returns. Value to the server: {epoch, number}, so that a
// change of the options does not send the pictures back. Stepping calls `server.step` and needs no event.

import { findAll, finder, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { count } from '../kit/numbers.js';
import { latest, reply } from '../kit/latest.js';
import { readNumber, whyNoNumber } from '../kit/read_number.js';
import { createDialog } from './player_dialog.js';
import { showBlocks, showMap } from './player_map.js';
import { showCounts, showFacts, showPictures, showRows } from './player_samples.js';

const PAUSE = 700;      // between two batches while playing, in ms

const isSame = (a, b) => Object.keys(a).every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, server, watch, trigger }) {
  const find = finder(element);
  const showSample = createDialog(find('.sample'));
  /** @type {any} the last value from the server */
  let batch = null;
  /** @type {{ epoch: number, number: number, first: number } | null} where the requests so far lead: two quick presses are two steps */
  let target = null;
  let playing = null;

  // --- requests -------------------------------------------------------------------------------------------------------

  // keys repeat faster than the network answers: each answer is shown, and then the newest request is sent
  const request = latest(async () => {
    if (!target) return;   // other options came in between: their batch is on the screen
    const before = batch;
    const answer = await reply(server.step, { ...batch.settings, ...target });
    if (batch !== before) return;
    if (answer.problem) stop();  // playing on would repeat the same request again and again
    batch = answer.problem ? { ...batch, problem: answer.problem } : answer;
    render();
  }, () => {
    if (!target) return;
    target = null;
    report();
  });

  async function go(epoch, number, first = 0) {
    if (epoch < 0 || epoch >= batch.epochs) return;
    target = { epoch, number, first };
    await request();
  }

  function report() {  // the small value for the other parts of the page
    props.value = { epoch: batch.epoch, number: batch.number };
    trigger('input');
  }

  const last = () => batch.batches - 1;
  const here = () => target ?? batch;
  const moves = {
    first: () => go(here().epoch, 0),
    previous: () => (here().number > 0 ? go(here().epoch, here().number - 1) : go(here().epoch - 1, last())),
    next: () => (here().number < last() ? go(here().epoch, here().number + 1) : go(here().epoch + 1, 0)),
    last: () => go(here().epoch, last()),
    back: () => go(here().epoch - 1, 0),
    epoch: () => go(here().epoch + 1, 0),
  };

  function showPlay(text) {
    find('.play').textContent = text;
    find('.play').setAttribute('aria-label', text);
  }

  function stop() {
    clearTimeout(playing);
    playing = null;
    showPlay(t('Play'));
  }

  function play() {
    showPlay(t('Pause'));
    const tick = async () => {
      if (!element.isConnected || find('.next').disabled) return stop();
      if (element.offsetParent !== null) await moves.next();
      if (playing !== null) playing = setTimeout(tick, PAUSE);
    };
    playing = setTimeout(tick, 0);
  }

  async function open(index) {
    stop();
    showSample(index, await reply(server.sample, { ...batch.settings, index }));
  }

  // --- showing ------------------------------------------------------------------------------------------------------

  const openBatch = (number) => { stop(); go(batch.epoch, number); };
  const actions = { open, isCurrent: (other) => other === batch };

  function showOverview() {
    showBlocks(find('.blocks'), batch, openBatch);
    showMap(find('.samples'), find('.key'), batch);
  }

  function render() {
    element.inert = false;
    const focused = /** @type {any} */ (document.activeElement);
    const { epoch, number, first, indices } = batch;
    const size = indices.length;
    find('.number').value = number + 1;
    find('.number').setAttribute('aria-invalid', 'false');
    find('.of').textContent = t('of {batches}', { batches: count(batch.batches) });
    find('.epoch').textContent = epoch + 1;
    const isStart = epoch === 0 && number === 0;
    const isLastEpoch = epoch >= batch.epochs - 1;
    const canMove = {
      first: number > 0, previous: !isStart, next: !(isLastEpoch && number >= last()), last: number < last(), back: epoch > 0, epoch: !isLastEpoch,
    };
    for (const button of findAll(element, '[data-to]')) button.disabled = !canMove[button.dataset.to];
    find('.caption').textContent = batch.caption;
    find('.body').classList.toggle('old', Boolean(batch.problem));
    find('.body').classList.toggle('table', batch.kind === 'row');
    showSentence(find('.error'), batch.problem || batch.error);
    const until = Math.min(size, first + batch.words.length);
    find('.pager').hidden = batch.words.length === size;
    find('.range').textContent = t('samples {first} to {until} of {size}', { first: first + 1, until, size });
    find('.less').disabled = first === 0;
    find('.more').disabled = until === size;
    // a button that is disabled loses the focus, which the keyboard needs
    if (element.contains(focused) && focused.disabled) {
      const other = focused.closest('.pager:not([hidden])')?.querySelector('button:enabled');
      (other ?? find(canMove.next ? '.next' : '[data-to=previous]')).focus();
    }
    find('.live').textContent = batch.problem || tn('Batch {number} of {batches}, epoch {epoch}, {n} sample.', 'Batch {number} of {batches}, epoch {epoch}, {n} samples.', size,
      { number: number + 1, batches: batch.batches, epoch: epoch + 1 });
    showOverview();
    showPictures(find('.pictures'), batch, actions);
    showRows(find('.rows'), batch, actions);
    showFacts(find('.shapes tbody'), batch);
    showCounts(find('.counts'), batch);
    find('.facts h2').hidden = !batch.classes.length;
  }

  // --- listening ----------------------------------------------------------------------------------------------------

  for (const button of findAll(element, '[data-to]')) {
    button.addEventListener('click', () => { stop(); moves[button.dataset.to](); });
  }
  find('.play').addEventListener('click', () => (playing === null ? play() : stop()));
  find('.number').addEventListener('change', (event) => {
    stop();
    const text = event.target.value.trim();
    const number = readNumber(text, true);
    const isWrong = Boolean(text) && Number.isNaN(number);
    if (number >= 1 && !isWrong) go(batch.epoch, number - 1);
    else render();
    if (!isWrong) return;
    event.target.value = text;
    event.target.setAttribute('aria-invalid', 'true');
    showSentence(find('.error'), whyNoNumber(text, true));
  });
  find('.less').addEventListener('click', () => go(batch.epoch, batch.number, Math.max(0, batch.first - batch.words.length)));
  find('.more').addEventListener('click', () => go(batch.epoch, batch.number, batch.first + batch.words.length));
  new ResizeObserver(() => { if (batch && element.offsetParent !== null) showOverview(); }).observe(find('.map'));
  new MutationObserver(() => { if (batch) showMap(find('.samples'), find('.key'), batch); }).observe(document.body, { attributes: true, attributeFilter: ['class'] });

  /** @param {any} value what the page opens with; the visitor's own choices may have come first */
  function begin(value) {
    if (batch) return;
    if (value.problem) showSentence(find('.error'), value.problem);
    else show(value);
  }

  function take() {
    const { value } = props;
    if (!value?.settings || (value.problem && !batch)) return;
    // two events of one change bring the same options twice; the visitor may have stepped on in between
    if (batch && !value.problem && !batch.problem && isSame(value.settings, batch.settings)) return;
    // wrong options have no batch: the previous one stays beside the problem, and every step repeats the sentence
    show(value.problem ? { ...batch, ...value } : value);
  }

  function show(value) {
    batch = value;
    if (batch.problem) stop();
    target = null;   // it belonged to the previous options
    render();
    report();
  }
  watch('value', take);
  take();
  if (batch) return;
  element.inert = true;   // there is no batch yet to step on from
  reply(server.first, null).then(begin);
}
