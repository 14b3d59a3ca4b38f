// The answer: ten bars in the order of the classes, the sentence above them, and the 28x28 the network was given.
//
// Value: null, or {state, lead, name, percent, second, message, tone, spoken, top, probabilities, pixels, naive, rival,
//   turn, digest, number}; or {missing} when the server no longer has the picture, which is then sent again.
//   state: 'answer' | 'idle' | 'problem'; pixels: base64 of 784 bytes; naive: {probabilities, pixels, text} or null.
//   turn: that of the picture; digest: its name on the server from now on; number: different for each answer.
//   rival: the answer of a second network, a run of the visitor's own: {name, answer, percent, agreement, agrees} with
//   {top, probabilities} if its classes are the same ten, else with {own: [[class, share], ...]}; without an answer
//   {problem} or {missing}, each a sentence; or nothing.

import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { wholePercent } from '../kit/numbers.js';
import { noteDigest, onPicture, sendAgain } from '../kit/picture.js';
import { mountPixels } from './answer_pixels.js';
import { AWAY, watchServer } from './answer_watch.js';
import { reportMissingRun } from './run_choice.js';

const NAIVE = t('Most demos only turn the picture grey and squeeze it to 28 × 28. Switch on to see what that network would have said.');
const SPOKEN_AFTER = 700;   // ms: an answer comes ten times a second while the pen moves, and only the last is read out

/** A row of the bars. @param {HTMLElement} list @param {string} name @param {string[]} kinds of its bars */
function addRow(list, name, kinds) {
  const row = make('li');
  const [label, track, number] = [make('span', name, 'label'), make('span', null, 'track'), make('span', null, 'number')];
  const bars = kinds.map((kind) => make('i', null, kind));
  track.append(...bars);
  row.append(label, track, number);
  list.append(row);
  return { row, label, number, bars };
}

/** @param {import('../kit/control.js').Context} context */
export function mount({ element, props, watch, trigger, constants }) {
  const find = finder(element);
  const write = (selector, text) => { find(selector).textContent = text ?? ''; };
  const rows = constants.classes.map((name) => addRow(find('.bars'), name, ['ours', 'theirs', 'run']));
  const showPixels = mountPixels(element, constants);
  let ownRows = [];
  let speaking = null;
  let newest = 0;    // turn of the picture whose answer is still to come
  let answer = props.value ?? { state: 'idle' };

  function speak(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => write('.live', text), SPOKEN_AFTER);
  }

  // the names of both answers in place of one, and the classes of the run if they differ
  function showSecond(value, second) {
    for (const part of ['.lead', '.headline', '.second']) find(part).hidden = Boolean(second);
    find('.versus').hidden = !second;
    find('.own').hidden = !second?.own;
    find('.mini').classList.toggle('two', Boolean(second));
    write('.mini strong', server.away ? AWAY : second ? `${value.name} ${value.percent}` : value.name);
    write('.mini span', second ? t('Yours: {answer} {percent}', second) : value.percent);
    if (value.rival?.missing) reportMissingRun(value.rival.missing);
    if (!second) return;
    write('.our-name', value.name);
    write('.our-share', value.percent);
    write('.run-title', t('Your “{name}”', second));
    write('.run-name', second.answer);
    write('.run-share', second.percent);
    write('.agreement', second.agreement);
    find('.versus').classList.toggle('differ', !second.agrees);
    find('.versus').classList.toggle('others', !second.agrees && Boolean(second.own));
    write('.own h3', t('What your “{name}” says', second));
    const own = second.own ?? [];
    if (ownRows.length !== own.length) {
      find('.own-bars').replaceChildren();
      ownRows = own.map(() => addRow(find('.own-bars'), '', ['run']));
    }
    own.forEach(([name, share], i) => {
      ownRows[i].label.textContent = name;
      ownRows[i].label.title = name;
      ownRows[i].bars[0].style.width = `${100 * share}%`;
      ownRows[i].number.textContent = wholePercent(share);
      ownRows[i].row.classList.toggle('top', i === 0);
    });
  }

  function showBars(value, second) {
    const rivals = second?.probabilities;
    // a third bar for each class would be too much: beside a second network words alone describe the naive way
    const isCompared = !rivals && find('.compare').checked && value.naive;
    rows.forEach(({ row, number, bars: [ours, theirs, run] }, i) => {
      const share = value.probabilities?.[i] ?? 0;
      row.classList.toggle('top', value.state === 'answer' && i === value.top);
      row.classList.toggle('run-top', Boolean(rivals) && i === second.top);
      ours.style.transform = `scaleX(${share})`;
      theirs.style.transform = `scaleX(${isCompared ? value.naive.probabilities[i] : 0})`;
      run.style.width = rivals ? `${100 * rivals[i]}%` : '0';
      if (rivals) number.replaceChildren(make('b', wholePercent(share)), make('b', wholePercent(rivals[i])));
      else number.textContent = value.probabilities ? wholePercent(share) : '';
    });
    find('.answer').classList.toggle('paired', Boolean(rivals));
    find('.answer').classList.toggle('comparing', Boolean(isCompared));
  }

  function render() {
    const { away } = server;
    const value = away ? { state: 'problem', name: t('No answer'), message: away, tone: 'warning', spoken: away } : answer;
    const second = value.state === 'answer' && value.rival?.answer ? value.rival : null;
    const isCompared = find('.compare').checked;
    const view = find('.answer');
    view.dataset.state = value.state;
    view.classList.toggle('waiting', value.turn < newest);
    write('.lead', value.lead);
    write('.name', value.name);
    write('.percent', value.percent);
    write('.second', value.second);
    write('.message', value.message);
    find('.message').hidden = !value.message;
    find('.message').dataset.tone = value.tone ?? '';
    find('.why').disabled = value.state !== 'answer';
    showBars(value, second);
    showSecond(value, second);
    showPixels(value.pixels, isCompared ? value.naive?.pixels : '');
    find('.naive').classList.toggle('on', isCompared);
    write('.naive-text', !isCompared ? NAIVE : value.naive?.text ?? t('Nothing to compare yet.'));
    speak(value.spoken ?? '');
    showMini();
  }

  // On a phone the answer is below the paper: while it is out of sight, a strip at the bottom of the screen repeats it.
  let isInSight = true;
  function showMini() {
    const isAnswer = find('.answer').dataset.state === 'answer';
    find('.mini').hidden = isInSight || !(isAnswer || server.away) || element.offsetParent === null;
  }
  new IntersectionObserver(([entry]) => { isInSight = entry.isIntersecting; showMini(); }).observe(find('.verdict'));
  find('.mini').addEventListener('click', () => find('.answer').scrollIntoView({ behavior: 'smooth', block: 'start' }));

  find('.compare').addEventListener('change', render);
  find('.why').addEventListener('click', () => trigger('submit'));

  const server = watchServer({ hasAnswered: (turn) => (turn ? props.value?.turn >= turn : props.value?.turn === undefined), onChange: render });
  onPicture(element, ({ turn, isDrawing }) => {
    server.expect(turn);
    // while the pen moves the next answer comes in a moment; a photo takes longer, and the old answer does not fit it
    if (isDrawing) return;
    newest = turn;
    find('.answer').classList.toggle('waiting', newest > 0);
  });
  watch('value', () => {
    server.noteAnswer();
    if (props.value?.missing) {
      sendAgain();
      return;
    }
    answer = props.value ?? { state: 'idle' };
    if (answer.digest) noteDigest(answer.turn, answer.digest);
    render();
  });
  render();
}
