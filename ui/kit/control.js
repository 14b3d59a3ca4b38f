// Starts a control of the page, whose element Gradio has made empty.

const FAILED = 'This part of the page could not be loaded. Is the server still running? Please reload the page.';

// Gradio answers undefined where the server is away or refuses: no control should take that for an answer.
function answering(server) {
  return Object.fromEntries(Object.entries(server ?? {}).map(([name, call]) => [name, async (...request) => {
    const answer = await call(...request);
    if (answer === undefined) throw new Error(`${name}: no answer`);
    return answer;
  }]));
}

let styles = null;

function styled() {   // until the stylesheet is there a control would show as plain text
  styles ??= new Promise((done) => {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'stylesheet', href: new URL('../styles.css', import.meta.url).href, onload: done, onerror: done });
    const there = [...document.querySelectorAll('link[rel=stylesheet]')].find(({ href }) => href === link.href);
    if (!there) document.head.append(link);
    else if (there.sheet) done();
    else ['load', 'error'].forEach((end) => there.addEventListener(end, done));
  });
  return styles;
}

async function started(key) {
  const answer = await fetch(new URL(`../starts/${key}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`${key}: ${answer.status}`);
  return answer.json();
}

/**
 * @param {string} name path of the control's module below `ui`, without suffix
 * @param {string} key of its template and its constants
 * @param {object} context what Gradio gives a script
 */
export async function start(name, key, { element, server, ...context }) {
  try {
    const [{ mount }, { template, constants }] = await Promise.all([import(`../${name}.js`), started(key), styled()]);
    element.dataset.control = name;
    element.innerHTML = template;
    mount({ element, server: answering(server), constants, ...context });
  } catch (error) {
    console.error(error);
    element.textContent = FAILED;
  }
}
