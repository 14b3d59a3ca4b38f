// Follows a run: asks the server for news, several times a second while the page is visible.

import { pause } from '../kit/dom.js';
import { lostByRestart, RESTARTED } from '../kit/visitor.js';

const SOON = 100;      // ms between two requests in the first second of a run,
const USUAL = 250;     // after it,
const HIDDEN = 1000;   // while the page is hidden,
const AWAY = 1500;     // and while the server is away

/**
 * @param {object} context
 * @param {(name: string, request?: object) => Promise<any>} context.ask
 * @param {(record: import('./run_record.js').RunRecord) => object} context.requestOf further fields of the request
 * @param {(news: any) => unknown} context.onNews called when the record has them
 * @param {(problem: string) => unknown} context.onAway the server does not answer; it may come back with the run
 * @param {(problem: string) => unknown} context.onLost the run no longer exists
 * @param {(state: string) => boolean} context.hasEnded
 * @param {() => boolean} context.isVisible
 */
export function openFollower({ ask, requestOf, onNews, onAway, onLost, hasEnded, isVisible }) {
  let newest = 0;   // number of the latest call: earlier ones end

  /** @param {import('./run_record.js').RunRecord} record */
  async function follow(record) {
    const number = ++newest;
    while (number === newest) {
      const news = await ask('follow', { run: record.id, since: record.cursor, ...requestOf(record) });
      if (number !== newest) return;
      if (news.lost) {
        onAway(news.problem);
        await pause(AWAY);
        continue;
      }
      if (news.problem) {
        const problem = await lostByRestart() ? RESTARTED : news.problem;
        if (number === newest) onLost(problem);
        return;
      }
      record.add(news);
      onNews(news);
      if (hasEnded(news.state)) return;
      await pause(!isVisible() ? HIDDEN : performance.now() - record.startedAt < 1000 ? SOON : USUAL);
    }
  }

  return { follow, stop: () => { newest += 1; } };
}
