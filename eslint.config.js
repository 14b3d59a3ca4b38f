import { readFileSync } from 'node:fs';

import js from '@eslint/js';
import globals from 'globals';

const { exclude } = JSON.parse(readFileSync('tsconfig.json', 'utf8'));

export default [
  { ignores: ['.venv/', ...exclude] },
  js.configs.recommended,
  { files: ['ui/**/*.js'], languageOptions: { globals: globals.browser } },
  {
    // text is written as text: only a control's own template, a file of the program, is markup
    files: ['ui/**/*.js'],
    ignores: ['ui/kit/control.js'],
    rules: {
      'no-restricted-syntax': ['error', {
        selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|write|setHTMLUnsafe)$/]',
        message: 'Write text with textContent.',
      }, {
        selector: 'TemplateLiteral CallExpression[callee.name=/^tn?$/]',
        message: 'Babel does not find a text inside a template literal.',
      }],
    },
  },
  { files: ['*.js', 'tests/**/*.js'], languageOptions: { globals: globals.node } },
  {
    rules: {
      eqeqeq: ['error', 'always'],
      'max-lines': ['error', 400],
      'no-shadow': 'error',
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
    },
  },
];
