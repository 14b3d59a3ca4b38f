// What one tab of the browser keeps across a reload and does not share with another tab. Where the browser forbids that,
// it lasts as long as the page.

/** @type {Record<string, any>} */
const memory = {};

/** @param {string} key @param {any} value JSON; null forgets it */
export function remember(key, value) {
  memory[key] = value;
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* full or forbidden */ }
}

/** @param {string} key @returns {any} {} without one */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? memory[key] ?? {};
  } catch {
    return memory[key] ?? {};
  }
}
