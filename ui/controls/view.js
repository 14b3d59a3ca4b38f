// What the script of every View may use.

const find = (selector) => element.querySelector(selector);
const make = (kind, words, name) => {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (words !== undefined) made.textContent = words;
  return made;
};
const many = (number) => number.toLocaleString('en-US');
