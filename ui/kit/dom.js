// Elements and focus.

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string | null} [text] written as text, never as markup
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, text, className) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

/**
 * An element of code, numbers or symbols, which no translator may touch.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} text
 * @param {string} [className]
 */
export const makeCode = (tag, text, className) => Object.assign(make(tag, text, className), { translate: false });

/**
 * The same for code and for names of PyTorch or of visitors, which no browser is to translate.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} text
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function makeName(tag, text, className) {
  const node = make(tag, text, className);
  node.translate = false;
  return node;
}

/**
 * An element of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 * @returns {SVGElementTagNameMap[K]}
 */
export function draw(tag, attributes = {}, text) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

/**
 * `find` for one control: the element inside it that fits a selector. Selectors name elements of the control's own
 * template, so a missing one is a mistake and throws.
 *
 * @param {HTMLElement} element
 * @returns {(selector: string) => any}
 */
export function finder(element) {
  return (selector) => {
    const node = element.querySelector(selector);
    if (!node) throw new Error(`There is no ${selector} in ${element.dataset.control}.`);
    return node;
  };
}

/**
 * All elements inside `view` that fit a selector.
 *
 * @param {ParentNode} view
 * @param {string} selector
 * @returns {any[]}
 */
export const findAll = (view, selector) => [...view.querySelectorAll(selector)];

/**
 * The element around the target of an event, or the target itself, that fits a selector.
 *
 * @param {Event} event
 * @param {string} selector
 * @returns {any}
 */
export const closest = (event, selector) => /** @type {Element} */ (event.target).closest(selector);

/**
 * Shows a sentence in an element and hides the element without one.
 *
 * @param {HTMLElement} view
 * @param {string | null | undefined} sentence
 */
export function showSentence(view, sentence) {
  view.hidden = !sentence;
  view.textContent = sentence || '';
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
