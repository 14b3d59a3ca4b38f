// Who the visitor is to the runs of the Train tab: a secret that this browser makes and keeps, so that a reloaded page
// finds its runs again. Where nothing can be kept, all parts of the page share one for as long as it is open.

const visitor = (() => {
  const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    const kept = localStorage.getItem('tp-visitor') || '';
    if (/^[A-Za-z0-9_-]{16,64}$/.test(kept)) return kept;
    const made = fresh();
    localStorage.setItem('tp-visitor', made);
    return made;
  } catch {
    window.tpVisitor = window.tpVisitor || fresh();
    return window.tpVisitor;
  }
})();

// Asks the server in the visitor's name. What cannot be answered is a sentence: {problem}, and `lost` where the server
// itself is away.
async function ask(name, question) {
  try {
    return await server[name]({ visitor, ...question });
  } catch {
    return { problem: 'The server did not answer. Is it still running?', lost: true };
  }
}

// What this tab of the browser keeps over a reload, so that two tabs do not share it. Where the browser forbids that, it
// lasts as long as the page.
function remember(key, value) {
  window.tpKept = { ...window.tpKept, [key]: value };
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* full or forbidden */ }
}

function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? window.tpKept?.[key] ?? {};
  } catch {
    return window.tpKept?.[key] ?? {};
  }
}

// --- a server that was restarted ------------------------------------------------------------------------------------

const VISIT = 'tp-visit';   // {server: its identity, runs: whether the visitor has some there, restarted}
const RESTARTED = 'The server was restarted: the runs of your last visit, and their weights, are gone. Your choices are still here.';
const CONTACT = 60000;      // ms between two questions of an open page that has runs

async function noteNewRun() {
  remember(VISIT, { server: await serverIdentity(), runs: true });
}

async function noteRuns(there) {   // the server said whether the visitor has runs
  const visit = recall(VISIT);
  if (there && !visit.runs) await noteNewRun();
  if (!there && visit.runs && !(await lostByRestart())) remember(VISIT, { ...visit, runs: false });
}

// Whether runs of the visitor went with an earlier process of the server. It stays so until they begin another.
async function lostByRestart() {
  const { server: before, runs, restarted } = recall(VISIT);
  if (restarted || !runs) return Boolean(restarted);
  const now = await serverIdentity();
  if (!now || !before || now === before) return false;
  remember(VISIT, { server: now, runs: false, restarted: true });
  return true;
}

// Finished runs are kept for whoever is here. Of the parts of the page that offer to ask, the last one does.
function keepContact(question) {
  if (!window.tpContact) setInterval(() => { if (recall(VISIT).runs) window.tpContact(); }, CONTACT);
  window.tpContact = question;
}
