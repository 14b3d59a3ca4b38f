// Which picture the kernel slides over: one of the examples, or the visitor's own.

import { finder, make } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { GREYS, bytes, paint } from '../kit/paint.js';

/** @typedef {{ height: number, width: number, pixels: string, digest: string }} OwnPicture pixels: base64 of grey levels */
/** @typedef {OwnPicture | { example: number }} Source */

/** The picture as the server takes it where it does not know the file. @param {OwnPicture} picture */
export const pixelsOf = ({ height, width, pixels }) => ({ height, width, pixels });

/**
 * @param {HTMLElement} element
 * @param {{ name: string, image: string }[]} examples
 * @param {(source: Source) => void} onChosen
 */
export function makeSources(element, examples, onChosen) {
  const find = finder(element);
  /** @type {OwnPicture | null} */
  let own = null;

  /** @param {string} title @param {Element} picture @param {() => void} act */
  function tile(title, picture, act) {
    const button = Object.assign(make('button'), { type: 'button', title });
    button.append(picture);
    button.addEventListener('click', act);
    return button;
  }
  const tiles = examples.map(({ name, image }, example) => {
    const picture = Object.assign(make('img'), { src: image, alt: name });
    return tile(name, picture, () => onChosen({ example }));
  });
  const canvas = make('canvas');
  const ownTile = tile(t('Your picture from Classify'), canvas, () => { if (own) onChosen(own); });
  ownTile.hidden = true;
  ownTile.setAttribute('aria-label', ownTile.title);
  const hint = make('p', t('Draw or upload a picture in Classify: it comes here, too.'), 'note');
  find('.pictures').append(ownTile, ...tiles, hint);

  return {
    /** Takes a picture of the visitor; returns whether it is another than before. @param {OwnPicture} picture */
    take(picture) {
      if (own?.digest === picture.digest) return false;
      own = picture;
      ownTile.hidden = false;
      hint.hidden = true;
      paint(canvas, bytes(picture.pixels), picture.width, picture.height, GREYS);
      return true;
    },
    /** Marks the picture that is in sight. @param {Source} source */
    mark(source) {
      tiles.forEach((button, i) => button.setAttribute('aria-pressed', String('example' in source && i === source.example)));
      ownTile.setAttribute('aria-pressed', String(!('example' in source)));
    },
  };
}
