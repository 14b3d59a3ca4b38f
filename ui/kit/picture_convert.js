// A picture file becomes one that the server reads: other kinds that this browser can show are converted, and pictures too
// large for the server are made smaller. The server judges every other file as it is.

import { t } from './language.js';

const READ_BY_SERVER = /^(\x89PNG|\xff\xd8\xff|GIF8|BM|RIFF[^]{4}WEBP)/;  // as data/own/picture_kinds.py has them
const SVG = /^(\xef\xbb\xbf)?\s*<(svg|\?xml|!doctype s|!--)/i;
const SENT_AS_IS = 4 * 2 ** 20;  // bytes; a larger file is made smaller before it travels
const LONGEST_SENT = 1600;       // pixels of the longer side of a picture that was made smaller
const LONGEST_DRAWN = 1024;      // the same for an SVG

/** @typedef {{ bytes: number, pixels: number, side: number }} Limits what the server reads at most */

/**
 * @param {CanvasImageSource} source
 * @param {number} width of the source
 * @param {number} height of the source
 * @param {number} longest pixels that the longer side has then
 * @param {string} type of the file, image/webp to keep transparency
 * @returns {Promise<Blob>}
 */
export function toFile(source, width, height, longest, type = 'image/jpeg') {
  const scale = longest / Math.max(width, height);
  const sheet = document.createElement('canvas');
  sheet.width = Math.max(1, Math.round(width * scale));
  sheet.height = Math.max(1, Math.round(height * scale));
  const pen = sheet.getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(source, 0, 0, sheet.width, sheet.height);
  return new Promise((resolve, reject) => {
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no file'))), type, 0.92);
  });
}

/** @param {Blob} file @param {(image: HTMLImageElement) => Promise<any> | any} use @returns {Promise<any>} what `use` returns */
async function withImage(file, use) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  try {
    await new Promise((resolve, reject) => { Object.assign(image, { onload: resolve, onerror: reject, src: url }); });
    return await use(image);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** @param {Blob} file @param {boolean} isSvg @param {string} type @returns {Promise<Blob>} */
async function converted(file, isSvg, type) {
  if (isSvg) {  // it has no pixels: any size will do
    return withImage(new Blob([file], { type: 'image/svg+xml' }), (image) =>
      toFile(image, image.naturalWidth, image.naturalHeight, LONGEST_DRAWN, type));
  }
  const bitmap = await createImageBitmap(file);
  try {
    const longest = Math.min(LONGEST_SENT, Math.max(bitmap.width, bitmap.height));
    return await toFile(bitmap, bitmap.width, bitmap.height, longest, type);
  } finally {
    bitmap.close();
  }
}

/** @param {Blob} file @param {Limits} most @returns {Promise<boolean>} */
async function hasTooManyPixels(file, most) {
  try {
    return await withImage(file, ({ naturalWidth: width, naturalHeight: height }) =>
      width * height > most.pixels || Math.max(width, height) > most.side);
  } catch {
    return false;  // not for this browser; the server will say what is wrong
  }
}

/**
 * @param {Blob} file
 * @param {Limits} most
 * @param {(sentence: string) => void} say shows what is going on
 * @returns {Promise<{ file: Blob | null, note: string }>} the file to send, null for one too large; and a sentence for the
 *   visitor, or ''
 */
export async function forServer(file, most, say) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  const isRead = READ_BY_SERVER.test(start);
  const isMoving = start.startsWith('GIF8');  // only the server finds a frame that shows something
  const isLarge = file.size > (isMoving ? most.bytes : SENT_AS_IS) || (isRead && await hasTooManyPixels(file, most));
  if (isRead && !isLarge) return { file, note: '' };
  if (isRead) say(t('Making the picture smaller…'));
  try {
    const type = start.startsWith('\xff\xd8\xff') ? 'image/jpeg' : 'image/webp';
    const result = await converted(file, SVG.test(start), type);
    if (!isRead) return { file: result, note: t('The picture was converted here, in your browser, to a kind that this page reads.') };
    return {
      file: result,
      note: isMoving ? t('The picture was large and was made smaller here, in your browser: of an animation the first frame is left.')
        : t('The picture was large and was made smaller here, in your browser.'),
    };
  } catch {
    if (file.size <= most.bytes) return { file, note: '' };
    return {
      file: null,
      note: t('This file has {size} MB and the browser cannot read it. Please save it as PNG or JPEG and try again.',
        { size: (file.size / 2 ** 20).toFixed(0) }),
    };
  }
}
