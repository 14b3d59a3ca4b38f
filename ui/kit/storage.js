// What one tab of the browser keeps over a reload, so that two tabs do not share it. Where the browser forbids that, it
// lasts as long as the page.

/** @type {Record<string, any>} */
const kept = {};

/** @param {string} key @param {any} value JSON; null keeps nothing */
export function remember(key, value) {
  kept[key] = value;
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* full or forbidden */ }
}

/** @param {string} key @returns {any} {} where nothing is kept */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? kept[key] ?? {};
  } catch {
    return kept[key] ?? {};
  }
}
