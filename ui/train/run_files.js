// The weights of a run as files that leave the page, and such files that come back.

import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { bytes } from '../kit/paint.js';

const LIFETIME = 60000;   // ms a file stays in memory after the browser took it
const MEGA = 2 ** 20;

/** Saves files as downloads of the browser. @param {{ name: string, data: string }[]} files data: base64 */
export function saveFiles(files) {
  files.forEach(({ name, data }) => {
    const link = make('a');
    link.href = URL.createObjectURL(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes(data))], { type: 'application/octet-stream' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), LIFETIME);
  });
}

/** @param {File} file @returns {Promise<string>} */
const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => {
    const url = String(reader.result);
    resolve(url.slice(url.indexOf(',') + 1));
  };
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

/**
 * A file for `on_adopt` of runs.py, or why it is not sent.
 *
 * @param {File} file
 * @param {number} most bytes
 * @returns {Promise<{ name: string, data: string } | { problem: string }>}
 */
export async function readWeights(file, most) {
  // a file refused by its name need not travel: the server says why
  if (!file.name.toLowerCase().endsWith('.safetensors')) return { name: file.name, data: '' };
  if (file.size > most) {
    const values = { size: (file.size / MEGA).toFixed(1), most: (most / MEGA).toFixed(1) };
    return { problem: t('The file has {size} MB: the limit is {most} MB.', values) };
  }
  try {
    return { name: file.name, data: await base64(file) };
  } catch {
    return { problem: t('The browser could not read this file.') };
  }
}
