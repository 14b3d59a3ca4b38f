// Starts a control of the page in the empty element that Gradio made for it.

import { language, loadLanguage, t } from './language.js';

// Gradio answers undefined when the server is away or refuses: no control should take that for an answer.
function answering(server) {
  return Object.fromEntries(Object.entries(server ?? {}).map(([name, call]) => [name, async (...request) => {
    const answer = await call(...request);
    if (answer === undefined) throw new Error(`${name}: no answer`);
    return answer;
  }]));
}

// Gradio reads a value of None as an empty string.
function withValue(props) {
  const get = (target, name) => (name === 'value' && target.value === '' ? null : target[name]);
  return new Proxy(props, { get });
}

/** @type {Promise<unknown> | undefined} */
let stylesheet;

// Without the stylesheet a control would show as plain text for a moment.
function loadStylesheet() {
  stylesheet ??= new Promise((resolve) => {
    const { href } = new URL('../styles.css', import.meta.url);
    const links = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel=stylesheet]'));
    const existing = [...links].find((link) => link.href === href);
    if (existing?.sheet) return resolve(null);
    const link = existing ?? Object.assign(document.createElement('link'), { rel: 'stylesheet', href });
    link.addEventListener('load', resolve);
    link.addEventListener('error', resolve);
    if (!existing) document.head.append(link);
  });
  return stylesheet;
}

async function loadStart(key) {
  const answer = await fetch(new URL(`../starts/${language}/${key}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`${key}: ${answer.status}`);
  return answer.json();
}

/**
 * What a control's `mount` gets.
 *
 * @typedef {object} Context
 * @property {HTMLElement} element with the control's template in it
 * @property {any} props `props.value` is what Gradio sends and gets, null before it sent any
 * @property {Record<string, (request?: any) => Promise<any>>} server the functions that the control may call; each
 *   rejects when the server does not answer
 * @property {(file: File) => Promise<{ path: string, url: string }>} upload
 * @property {(name: string | string[], callback: () => void) => void} watch calls back when the server sets a prop
 * @property {(event: string, data?: object) => void} trigger fires an event that Gradio listens to
 * @property {any} constants what the Python side passes once
 */

/**
 * @param {string} name path of the control's module below `ui`, without suffix
 * @param {string} key of its template and its constants
 * @param {Omit<Context, 'constants'>} context what Gradio gives a script
 */
export async function start(name, key, { element, props, server, ...context }) {
  try {
    const module = loadLanguage().then(() => import(`../${name}.js`));
    const [{ mount }, { template, constants }] = await Promise.all([module, loadStart(key), loadStylesheet()]);
    element.dataset.control = name;
    element.innerHTML = template;
    mount({ element, props: withValue(props), server: answering(server), constants, ...context });
  } catch (error) {
    console.error(error);
    element.textContent = t('This part of the page could not be loaded. Is the server still running? Please reload the page.');
  }
}
