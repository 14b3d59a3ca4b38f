// The training loop in slow motion: which frame of the recorded run is on screen, and the way from one to the next.

import { fillCodeBlocks } from '../kit/controls.js';
import { closest, finder, pause, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { latest, reply } from '../kit/latest.js';
import { showBatch } from './slow_motion_batch.js';
import { createCurve } from './slow_motion_curve.js';
import { createParameters } from './slow_motion_parameters.js';
import { createProgram } from './slow_motion_program.js';
import { Recording } from './slow_motion_recording.js';
import { showWeight } from './slow_motion_weight.js';

/**
 * @typedef {import('./slow_motion_recording.js').Payload} Payload
 * @typedef {import('./slow_motion_recording.js').Settings} Settings
 * @typedef {import('./slow_motion_recording.js').Weight} Weight
 */

const AWAY = 1500;    // ms until the next request to a server that does not answer
const PAUSE = 1400;   // ms between two lines while playing: time to read a sentence

/** @param {import('../kit/control.js').Context} context */
export async function mount(context) {
  const { element, server } = context;
  element.inert = true;
  let opening = await reply(server.opening, null);
  while (opening.lost) {
    showSentence(finder(element)('.problem'), opening.problem);
    await pause(AWAY);
    opening = await reply(server.opening, null);
  }
  element.inert = false;
  openLoop(context, opening);
}

/** @param {import('../kit/control.js').Context} context @param {Payload} opening what the part shows first */
function openLoop({ element, server, constants }, opening) {
  const find = finder(element);
  fillCodeBlocks(element);
  let recording = new Recording(opening);
  let at = 0;
  /** @type {Weight} */
  let weight = chosen();
  /** @type {Settings | null} */
  let wish = null;      // the settings of the running request: the next change builds on them
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;     // while playing

  const program = createProgram(element, constants, change);
  const parameters = createParameters(find('.parameters'), (next) => { weight = next; showTensors(); }, change);

  const showCurve = createCurve(find('.chart'));

  function chosen() {
    const [parameter, place] = recording.payload.chosen;
    return { parameter, place };
  }

  // --- other settings

  const play = latest(() => reply(server.play, wish), (answer) => {
    wish = null;
    showSentence(find('.problem'), answer.problem);
    if (!answer.problem) take(answer);
  });

  /** @type {import('./slow_motion_program.js').Change} */
  function change(values) {
    stop();
    const settings = wish ?? recording.payload.settings;
    wish = { ...settings, ...values(settings) };
    play();
  }

  /** @param {Payload} payload */
  function take(payload) {
    const before = recording.payload;
    const { pass, line } = before.frames[at];
    const wasAtEnd = at === recording.end && at > 0;
    recording = new Recording(payload);
    if (before.settings.network !== payload.settings.network) weight = chosen();
    const same = payload.frames.findIndex((frame) => frame.pass === pass && frame.line === line);
    const fails = payload.frames[recording.end].error && !before.frames.at(-1)?.error;
    if (wasAtEnd || fails) at = recording.end;
    else at = same >= 0 ? same : Math.min(at, recording.end);
    showRun();
    show();
  }

  // --- the way through

  /** @param {number} place */
  function go(place) {
    at = Math.max(0, Math.min(recording.end, place));
    show();
  }

  function stop() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    showPlaying();
  }

  function start() {
    if (at === recording.end) go(0);
    const tick = () => {
      if (!element.isConnected || at >= recording.end) { stop(); return; }
      if (element.offsetParent !== null) go(at + 1);
      timer = setTimeout(tick, PAUSE);
    };
    timer = setTimeout(tick, 300);
    showPlaying();
  }

  function endOfPass() {
    const { frames } = recording.payload;
    let next = Math.min(at + 1, recording.end);
    while (next < recording.end && frames[next + 1].pass === frames[next].pass) next += 1;
    return next;
  }

  const jump = (/** @type {number} */ place) => { stop(); go(place); };

  element.addEventListener('keydown', (event) => {
    if (closest(event, 'input, select, textarea, .cells, summary, pre') || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: recording.end }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    jump(place);
  });

  // --- the page

  find('.back').addEventListener('click', () => jump(at - 1));
  find('.forth').addEventListener('click', () => jump(at + 1));
  find('.round').addEventListener('click', () => jump(endOfPass()));
  find('.play').addEventListener('click', () => (timer === null ? start() : stop()));
  find('.scrub').addEventListener('input', () => jump(Number(find('.scrub').value)));

  function showPlaying() {
    find('.play').textContent = timer === null ? t('Play') : t('Pause');
    find('.sentence').setAttribute('aria-live', timer === null ? 'polite' : 'off');
  }

  function showRun() {
    const { payload } = recording;
    program.show(payload);
    parameters.lay(recording);
    find('.verdict').dataset.kind = payload.verdict.kind;
    find('.verdict-text').textContent = payload.verdict.sentence;
    find('.text pre').textContent = payload.program.text;
    find('.source').hidden = !payload.source;
    find('.source-text pre').textContent = payload.source ?? '';
    find('.scrub').max = recording.end;
    find('.curve-note').textContent = payload.textbook ? t('of each pass; dashed: the textbook’s loop') : t('of each pass');
  }

  function showTensors() {
    parameters.show(recording, at, weight);
    showBatch(element, recording, at, weight);
    showWeight(element, recording, at, weight);
  }

  function show() {
    const { program: { lines }, passes, frames } = recording.payload;
    const frame = frames[at];
    const atStart = frame.line === 'start';
    const where = { pass: frame.pass + 1, passes, line: frame.line };
    program.mark(frame);
    find('.where-line').textContent = lines.find(([key]) => key === frame.line)?.[1] ?? '';
    find('.where-pass').textContent = atStart ? t('before the loop') : t('pass {pass} of {passes}', where);
    find('.scrub').value = at;
    find('.scrub').setAttribute('aria-valuetext', atStart ? t('before the loop') : t('pass {pass}, {line}', where));
    // not `disabled`: that would take focus and keys from whoever has just reached the end
    const ends = { back: at === 0, forth: at === recording.end, round: at === recording.end };
    Object.entries(ends).forEach(([name, isEnd]) => find(`.${name}`).setAttribute('aria-disabled', String(isEnd)));
    find('.sentence').hidden = Boolean(frame.error);
    find('.sentence').textContent = frame.sentence;
    find('.sentence').classList.toggle('wrong', frame.wrong);
    find('.trouble').hidden = !frame.error;
    find('.meaning').textContent = frame.error ? frame.sentence : '';
    find('.error').textContent = frame.error ?? '';
    showTensors();
    showCurve(recording.payload, at);
  }

  showSentence(find('.problem'), '');
  showRun();
  showPlaying();
  show();
}
