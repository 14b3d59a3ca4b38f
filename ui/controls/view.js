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
