// What the script of every View may use.

// Gradio answers undefined where the server is away or refuses: no script should take that for an answer.
server = Object.fromEntries(Object.entries(server || {}).map(([name, call]) => [name, async (...question) => {
  const answer = await call(...question);
  if (answer === undefined) throw new Error(`${name}: no answer`);
  return answer;
}]));

const find = (selector) => element.querySelector(selector);
const make = (kind, words, name) => {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (words !== undefined) made.textContent = words;
  return made;
};
const pause = (time) => new Promise((done) => { setTimeout(done, time); });
// The number that Gradio gives each process of the server anew, as text; null while none answers.
async function serverIdentity() {
  try {
    const { root, api_prefix: prefix } = window.gradio_config;
    const path = new URL(root, location.href).pathname.replace(/\/$/, '');
    const answer = await fetch(`${path}${prefix}/app_id`, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    return answer.ok ? String((await answer.json()).app_id) : null;
  } catch {
    return null;
  }
}
const many = (number) => number.toLocaleString('en-US');
async function copied(button, words) {   // only a page of https or of this machine is given the clipboard
  let done = true;
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    const field = make('textarea');
    field.value = words;
    document.body.append(field);
    field.select();
    done = document.execCommand('copy');
    field.remove();
    button.focus();
  }
  button.textContent = done ? 'Copied' : 'Not copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}
