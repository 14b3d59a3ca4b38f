// Gradio does not tell a script that a request was lost: when no answer comes, the page checks whether the server is
// there, and sends the picture again once it is back.

import { pause } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { turns } from '../kit/latest.js';
import { sendAgain } from '../kit/picture.js';
import { serverIdentity } from '../kit/visitor.js';

export const AWAY = t('The server does not answer.');
const RESUMES = t('Your picture is kept: it is classified as soon as the server is back.');
const PATIENCE = 1500;   // ms without an answer before the page checks the server
const BETWEEN = 2000;    // ms between two checks
const MOST_CHECKS = 30;  // of a server that is there but gives no answer

/**
 * @param {object} options
 * @param {(turn: number) => boolean} options.hasAnswered whether that picture, or a newer one, has its answer
 * @param {() => void} options.onChange is called when the server goes away or comes back
 */
export function watchServer({ hasAnswered, onChange }) {
  let away = '';    // a sentence while the server does not answer
  const begin = turns();   // a new watch ends an earlier one
  let identity = String(/** @type {any} */ (window).gradio_config.app_id);   // of the last server

  function setAway(sentence) {
    if (away === sentence) return;
    away = sentence;
    onChange();
  }

  async function watch(turn) {
    const isNewest = begin();
    const isOver = () => !isNewest() || hasAnswered(turn);
    await pause(PATIENCE);
    for (let checks = 0; checks < MOST_CHECKS && !isOver(); checks += away ? 0 : 1) {
      const now = await serverIdentity();
      if (isOver()) return;
      if (now && (away || now !== identity)) {   // the request was lost with the old server
        identity = now;
        setAway('');
        sendAgain();
        return;
      }
      setAway(now ? '' : turn ? `${AWAY} ${RESUMES}` : AWAY);
      await pause(BETWEEN);
    }
  }

  return {
    get away() { return away; },
    /** Waits for the answer to the picture of that turn, 0 for an empty paper. @param {number} turn */
    expect: (turn) => { watch(turn); },
    noteAnswer: () => { away = ''; },
  };
}
