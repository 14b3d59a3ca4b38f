// Gradio tells no script that a request was lost: when no answer comes, the page looks whether the server is there, and
// sends the picture again once it is back.

import { pause } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { turns } from '../kit/latest.js';
import { sendAgain } from '../kit/picture.js';
import { serverIdentity } from '../kit/visitor.js';

export const AWAY = t('The server does not answer.');
const KEPT = t('Your picture is kept: it is classified as soon as the server is back.');
const PATIENCE = 1500;   // ms without an answer after which the page looks for the server
const BETWEEN = 2000;    // ms between two looks
const MOST_LOOKS = 30;   // at a server that is there, but gives no answer

/**
 * @param {object} options
 * @param {(turn: number) => boolean} options.hasAnswered whether the answer to that picture, or to a newer one, is there
 * @param {() => void} options.onChange is called when the server goes or comes back
 */
export function watchServer({ hasAnswered, onChange }) {
  let away = '';    // a sentence while the server does not answer
  const begin = turns();   // a new watch ends an earlier one
  let identity = String(/** @type {any} */ (window).gradio_config.app_id);   // of the server that was asked last

  function setAway(sentence) {
    if (away === sentence) return;
    away = sentence;
    onChange();
  }

  async function watch(turn) {
    const isNewest = begin();
    const isOver = () => !isNewest() || hasAnswered(turn);
    await pause(PATIENCE);
    for (let looks = 0; looks < MOST_LOOKS && !isOver(); looks += away ? 0 : 1) {
      const found = await serverIdentity();
      if (isOver()) return;
      if (found && (away || found !== identity)) {   // the request went with the server
        identity = found;
        setAway('');
        sendAgain();
        return;
      }
      setAway(found ? '' : turn ? `${AWAY} ${KEPT}` : AWAY);
      await pause(BETWEEN);
    }
  }

  return {
    get away() { return away; },
    /** An answer to the picture of that turn is to come, 0 for an empty paper. @param {number} turn */
    expect: (turn) => { watch(turn); },
    noteAnswer: () => { away = ''; },
  };
}
