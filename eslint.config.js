import { readFileSync } from 'node:fs';

import js from '@eslint/js';
import globals from 'globals';

const { exclude } = JSON.parse(readFileSync('tsconfig.json', 'utf8'));

export default [
  { ignores: ['.venv/', ...exclude] },
  js.configs.recommended,
  { files: ['ui/**/*.js'], languageOptions: { globals: globals.browser } },
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
