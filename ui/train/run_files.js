// The weights of a run as files that leave the page, and such files that come back.

import { make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { bytes } from '../kit/paint.js';

const KEPT = 60000;   // ms that a file stays in memory after it was given to the browser
const MEGA = 2 ** 20;

/** Gives files to the browser, which keeps them. @param {{ name: string, data: string }[]} files data: base64 */
export function saveFiles(files) {
  files.forEach(({ name, data }) => {
    const link = make('a');
    link.href = URL.createObjectURL(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes(data))], { type: 'application/octet-stream' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
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
 * A file as `on_adopt` of runs.py takes it, or why it is not sent.
 *
 * @param {File} file
 * @param {number} most bytes
 * @returns {Promise<{ name: string, data: string } | { problem: string }>}
 */
export async function readWeights(file, most) {
  // what is refused by its name needs not travel: the server says why
  if (!file.name.toLowerCase().endsWith('.safetensors')) return { name: file.name, data: '' };
  if (file.size > most) {
    const values = { size: (file.size / MEGA).toFixed(1), most: (most / MEGA).toFixed(1) };
    return { problem: t('The file has {size} MB. Weights of at most {most} MB are taken.', values) };
  }
  try {
    return { name: file.name, data: await base64(file) };
  } catch {
    return { problem: t('The browser could not read this file.') };
  }
}
