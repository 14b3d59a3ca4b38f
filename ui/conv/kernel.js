// A picture, one kernel, and what the kernel makes of the picture.
//
// `server.kernel(wish)` returns the output, `server.picture` the visitor's picture. Pointing needs no request: the pixels
// and the output's numbers are here.

import { fillCodeBlocks, fillRadios } from '../kit/controls.js';
import { finder, make, showSentence } from '../kit/dom.js';
import { t } from '../kit/language.js';
import { latest, reply } from '../kit/latest.js';
import { paintPixels } from '../kit/paint.js';
import { askAboutPicture, getPicture, onPicture } from '../kit/picture.js';
import { themeColours } from './kernel_colours.js';
import { largest, showGrid, turned } from './kernel_grid.js';
import { makePictures } from './kernel_pictures.js';
import { makePixel } from './kernel_pixel.js';
import { decode } from './kernel_result.js';
import { makeSources, pixelsOf } from './kernel_sources.js';
import { makeWeights } from './kernel_weights.js';

/** @typedef {import('./kernel_weights.js').Filter} Filter */
/**
 * @typedef {object} Constants
 * @property {{ picture: { example: number }, filter: number }} opening
 * @property {{ name: string, image: string }[]} examples
 * @property {Filter[]} filters
 * @property {string} missing why there are no learned filters, or ""
 * @property {number[]} sides
 * @property {number} most_stride
 * @property {number} most_padding
 */

/**
 * One tile for each kernel that the network learned.
 *
 * @param {HTMLElement} element
 * @param {Filter[]} filters
 * @param {string} missing
 * @param {(index: number) => void} onChosen
 * @returns {(index: number) => void} marks the tile of a filter
 */
function makeLearned(element, filters, missing, onChosen) {
  const find = finder(element);
  const { painter } = themeColours(element);
  const learned = [...filters.entries()].filter(([, filter]) => filter.learned);
  find('.learned-words').textContent = missing || t('These {count} kernels are the first layer of the network that answers in Classify. '
    + 'Nobody typed them in: they were random numbers, and training changed them until the answers were right. Orange is above 0, blue below 0. '
    + 'In the network their inputs are normalised first. Choose one to see it at work.', { count: learned.length });
  const tiles = learned.map(([index, { name, rows }], i) => {
    const [tile, canvas] = [make('button'), make('canvas')];
    tile.type = 'button';
    tile.setAttribute('aria-label', name);
    tile.append(canvas, String(i + 1));
    const [colour, weights] = [painter('sign', 0, largest(rows)), rows.flat()];
    paintPixels(canvas, rows[0].length, rows.length, (pixel) => colour(weights[pixel]));
    tile.addEventListener('click', () => onChosen(index));
    return tile;
  });
  find('.tiles').append(...tiles);
  return (index) => tiles.forEach((tile, i) => tile.setAttribute('aria-pressed', String(learned[i][0] === index)));
}

/** @param {import('../kit/control.js').Context & { constants: Constants }} context */
export function mount({ element, server, constants }) {
  const find = finder(element);
  fillCodeBlocks(element);
  const { opening, examples, filters, missing, sides } = constants;
  const wish = { picture: opening.picture, kernel: null, stride: 1, padding: 0, flip: false };
  /** @type {import('./kernel_result.js').Result | null} */
  let result = null;

  const showPictures = makePictures(element);
  const pixel = makePixel(element);
  const sources = makeSources(element, examples, choosePicture);
  const weights = makeWeights(element, { filters, sides }, {
    onChange: (kernel) => ask({ kernel }),
    onFilter: (index) => markLearned(index),
    onProblem: (problem) => showSentence(find('.problem'), problem),
  });
  const markLearned = makeLearned(element, filters, missing, weights.choose);

  // --- asking -------------------------------------------------------------------------------------------------------

  /** The server may no longer have the visitor's picture: then it gets the pixels. */
  async function askKernel() {
    const [request, source] = [{ ...wish }, wish.picture];
    if (!('digest' in source)) return reply(server.kernel, request);
    const answer = await reply(server.kernel, { ...request, picture: { digest: source.digest } });
    return answer.missing ? reply(server.kernel, { ...request, picture: pixelsOf(source) }) : answer;
  }

  const refresh = latest(askKernel, (answer) => {
    showSentence(find('.problem'), answer.problem || weights.whatIsWrong());
    const isRandom = !Array.isArray(wish.kernel);
    if (answer.problem) {
      if (isRandom) wish.kernel = weights.getWeights();
      return;
    }
    if (isRandom) {
      weights.fill(answer.kernel, { isRandom });
      wish.kernel = weights.getWeights();
    }
    result = decode(answer);
    render();
  });

  /** @param {object} changes of the wish */
  function ask(changes) {
    Object.assign(wish, changes);
    refresh();
  }

  /** @param {import('./kernel_sources.js').Source} picture */
  function choosePicture(picture) {
    pixel.forget();
    ask({ picture });
  }

  function render() {
    const { kernel, flip, sum, turn, code } = result;
    showPictures(result);
    find('.total').textContent = sum;
    find('.turn').textContent = turn;
    find('.flip').checked = flip;
    const isTiny = kernel.length > 3 || kernel[0].length > 3;  // then the colours must do
    for (const [name, rows] of Object.entries({ '.written': kernel, '.turned': turned(kernel) })) {
      showGrid(find(name), rows, largest(kernel));
      find(name).classList.toggle('tiny', isTiny);
    }
    find('.written').classList.toggle('used', !flip);
    find('.turned').classList.toggle('used', flip);
    find('.program pre').textContent = code;
    pixel.show(result);
    sources.mark(wish.picture);
  }

  // --- the other controls -------------------------------------------------------------------------------------------

  /** @param {number} low @param {number} high @returns {[number, string][]} */
  const numbers = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => [low + i, String(low + i)]);
  fillRadios(find('.strides'), 'kernel-strides', numbers(1, constants.most_stride), (stride) => ask({ stride }))(wish.stride);
  fillRadios(find('.paddings'), 'kernel-paddings', numbers(0, constants.most_padding), (padding) => ask({ padding }))(wish.padding);
  find('.flip').addEventListener('change', () => ask({ flip: find('.flip').checked }));
  find('.save').addEventListener('click', () => {
    if (!result) return;
    const { width, height, padding } = result;
    const canvas = Object.assign(make('canvas'), { width, height });
    canvas.getContext('2d').drawImage(find('canvas.input'), -padding, -padding);
    Object.assign(make('a'), { href: canvas.toDataURL('image/png'), download: 'picture.png' }).click();
  });

  // --- the visitor's picture ----------------------------------------------------------------------------------------

  let turn = 0;   // of the picture that was taken last

  async function take() {
    const picture = getPicture();
    if (!picture || picture.turn === turn || element.offsetParent === null) return;
    turn = picture.turn;
    const answer = await askAboutPicture(server.picture);
    if (picture.turn !== turn) return;
    if (answer.lost) turn = 0;   // retried when the part is next in sight
    if (answer.problem) {
      showSentence(find('.problem'), answer.problem);
      if (!result) refresh();
    } else if (sources.take(answer)) choosePicture(answer);  // else it is here already, and another one may be on screen
  }

  weights.fill(filters[opening.filter].rows);
  wish.kernel = weights.getWeights();
  onPicture(element, take);
  new IntersectionObserver(([entry]) => { if (entry.isIntersecting) take(); }).observe(element);
  if (!getPicture()) refresh();
}
