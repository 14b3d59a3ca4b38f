// The language of the page: `t` and `tn` for every text that a script writes.
//
// English is the source: the text itself is the key of its translation. `control.js` loads the catalogue before it
// imports a control, so the constants of a module may hold texts.

const SOURCE = 'en';

const FROM_RIGHT_TO_LEFT = ['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi'];

/** Of the page, as the server chose it. */
export const language = globalThis.gradio_config?.language ?? SOURCE;
if (globalThis.document) {
  // Gradio writes the browser's language there
  const dir = FROM_RIGHT_TO_LEFT.includes(new Intl.Locale(language).language) ? 'rtl' : 'ltr';
  Object.assign(document.documentElement, { lang: language, dir });
}

/** @type {Record<string, string | string[]>} */
let texts = {};
let form = (number) => Number(number !== 1);

/**
 * @param {{ texts: Record<string, string | string[]>, plural: string }} catalogue forms of a text with a number stand
 *   below its singular; `plural` is the expression of `n` that chooses one, as gettext writes it
 */
export function useCatalogue(catalogue) {
  texts = catalogue.texts;
  form = /** @type {(number: number) => number} */ (new Function('n', `return Number(${catalogue.plural});`));
}

/** @type {Promise<void> | undefined} */
let loading;

/** Resolves when `t` may be used. */
export function loadLanguage() {
  if (language === SOURCE) return Promise.resolve();
  loading ??= fetch(new URL(`../texts/${language}.json`, import.meta.url))
    .then((answer) => answer.json())
    .then(useCatalogue);
  return loading;
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));

/**
 * A text in the visitor's language.
 *
 * @param {string} text in English, a whole sentence; placeholders have names: t('{size} MB', { size: 3 })
 * @param {Record<string, unknown>} [values] of the placeholders
 * @returns {string}
 */
export const t = (text, values = {}) => fill(String(texts[text] || text), values);

/**
 * The form of a text that goes with a number: tn('{n} step', '{n} steps', steps). `n` is a placeholder of its own,
 * written with separators.
 *
 * @param {string} singular
 * @param {string} plural
 * @param {number} number
 * @param {Record<string, unknown>} [values] of the other placeholders
 * @returns {string}
 */
export function tn(singular, plural, number, values = {}) {
  const text = texts[singular]?.[form(number)] || (number === 1 ? singular : plural);
  return fill(text, { n: number.toLocaleString(language), ...values });
}
