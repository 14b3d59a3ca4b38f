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
