// Who the visitor is to the runs of the Train tab, and whether the server has restarted since they began.

import { t } from './language.js';
import { reply } from './latest.js';
import { recall, remember } from './storage.js';

const SECRET = 'tp-visitor';
const VISIT = 'tp-visit';   // {server: its identity, runs: whether the visitor has some there, restarted}
const CONTACT = 60000;      // ms between two requests of an open page that has runs

export const RESTARTED =
  t('The server was restarted: the runs of your last visit, and their weights, are gone. Your choices are still here.');

/** A secret that this browser makes and keeps, so that a reloaded page finds its runs again. */
export const visitor = (() => {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    const stored = localStorage.getItem(SECRET) ?? '';
    if (/^[A-Za-z0-9_-]{16,64}$/.test(stored)) return stored;
    localStorage.setItem(SECRET, fresh);
  } catch { /* without storage the secret lasts as long as the page */ }
  return fresh;
})();

/**
 * `reply` in the visitor's name.
 *
 * @param {Record<string, (request: any) => Promise<any>>} server
 * @returns {(name: string, request?: object) => Promise<any>}
 */
export const asker = (server) => (name, request) => reply(server[name], { visitor, ...request });

/** The path of an address of the server, below which the page may be served. @param {string} name */
export function serverPath(name) {
  const { root, api_prefix: prefix } = /** @type {any} */ (window).gradio_config;
  return `${new URL(root, location.href).pathname.replace(/\/$/, '')}${prefix}/${name}`;
}

/** The number that Gradio gives each new process of the server, as text; null while none answers. */
export async function serverIdentity() {
  try {
    const answer = await fetch(serverPath('app_id'), { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    return answer.ok ? String((await answer.json()).app_id) : null;
  } catch {
    return null;
  }
}

export async function noteNewRun() {
  remember(VISIT, { server: await serverIdentity(), runs: true });
}

/** Notes the server's word on whether the visitor has runs. @param {boolean} hasRuns */
export async function noteRuns(hasRuns) {
  const visit = recall(VISIT);
  if (hasRuns && !visit.runs) await noteNewRun();
  if (!hasRuns && visit.runs && !(await lostByRestart())) remember(VISIT, { ...visit, runs: false });
}

/** Whether a restart of the server ended runs of the visitor. It stays so until they begin another. */
export async function lostByRestart() {
  const { server: before, runs, restarted } = recall(VISIT);
  if (restarted || !runs) return Boolean(restarted);
  const now = await serverIdentity();
  if (!now || !before || now === before) return false;
  remember(VISIT, { server: now, runs: false, restarted: true });
  return true;
}

/** The same as far as it is known, without asking the server. */
export const hasLostRuns = () => Boolean(recall(VISIT).restarted);

/** @type {(() => unknown) | null} */
let contact = null;

/** Finished runs are kept while their visitor is here. Of the controls that offer to ask, the last one does. @param {() => unknown} ask */
export function keepContact(ask) {
  if (!contact) setInterval(() => { if (recall(VISIT).runs) contact?.(); }, CONTACT);
  contact = ask;
}
