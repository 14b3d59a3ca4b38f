// A network from the inside: a picture, the layers, their maps, and one cell of one map.
//
// `server.picture` gives the visitor's picture as the network gets it, and what stands for it in all other requests.

import { finder, make, showSentence } from '../kit/dom.js';
import { t, tn } from '../kit/language.js';
import { reply, turns } from '../kit/latest.js';
import { askAboutPicture, getPicture, onPicture } from '../kit/picture.js';
import { makeCell } from './cell.js';
import { makeLayers, mapSize, shapeOf } from './inside_layers.js';
import { makeMap } from './inside_map.js';
import { makeChooser, paintPicture } from './inside_pictures.js';
import { makeShelf } from './inside_shelf.js';
import { showSoftmax } from './inside_softmax.js';

/** @typedef {import('./inside_layers.js').Row} Row */
/** @typedef {import('./inside_pictures.js').Picture} Picture */
/**
 * @typedef {object} Constants
 * @property {Record<string, { title: string, about: string, formula: string }>} kinds of layers
 * @property {number} shelf_maps maps of a layer in one answer
 */

/** @param {import('../kit/control.js').Context & { constants: Constants }} context */
export function mount({ element, server, constants }) {
  const find = finder(element);
  const { kinds, shelf_maps: shelfMaps } = constants;

  /** @type {Picture | null} */
  let picture = null;       // in sight
  /** @type {{ layers: Row[], softmax: import('./inside_softmax.js').Softmax } | null} */
  let net = null;
  let layer = 0;            // number of the open layer
  let first = 0;            // its first map on the shelf
  /** @type {number | null} */
  let channel = null;       // of the enlarged map
  let isStale = true;       // whether the maps of another picture are still in sight
  let isLooking = false;    // whether the layers for a picture are on their way
  let isOpening = false;    // whether a picture or a layer is: the page still shows the previous one
  const begin = turns();    // answers to requests before the newest come too late

  const showProblem = (/** @type {string | undefined} */ sentence) => showSentence(find('.problem'), sentence);
  /** The server may no longer have the picture: then it gets the pixels. @param {string} name @param {object} [request] */
  async function ask(name, request) {
    const { source, pixels } = picture;
    const answer = await reply(server[name], { picture: source, ...request });
    return answer.missing ? reply(server[name], { picture: { pixels }, ...request }) : answer;
  }

  const showCell = makeCell(element, kinds);
  const map = makeMap(element, ([row, column]) => explain(row, column));
  const layers = makeLayers(element, kinds, (index) => {
    open(index, 0);
    if (find('.desk').getBoundingClientRect().top <= window.innerHeight - 120) return;
    find('.title').scrollIntoView({ block: 'start' });
    find('.title').focus({ preventScroll: true });
  });
  const shelf = makeShelf(element, {
    askFilters: (row, source) => reply(server.filters, { layer: row.name, source }),
    onChosen(number) { if (!isOpening) enlarge(number); },
    onPage: (step) => open(layer, Math.max(0, first + step * shelfMaps)),
    nameOf: (number) => nameOf(number),
    onProblem: showProblem,
  });
  const chooser = makeChooser(element, {
    askExamples: (seed) => reply(server.examples, seed),
    onChosen: use,
    onProblem: showProblem,
  });

  /** The class whose logit a channel of the open layer is. @param {number} number */
  function nameOf(number) {
    if (!net.layers[layer].is_logits) return undefined;
    return [...net.softmax.names, ...net.softmax.others.map(([name]) => name)][number];
  }

  // --- a picture ----------------------------------------------------------------------------------------------------

  /** @param {Picture} next */
  function use(next) {
    if (next.pixels !== picture?.pixels) isStale = true;
    picture = next;
    showProblem('');
    showSentence(find('.note'), picture.note);
    paintPicture(find('.picture'), picture);
    find('.picture').setAttribute('aria-label', t('The 28 by 28 picture that the network is given: {name}', picture));
    look();
  }

  async function look() {
    if (!picture || !isStale || element.offsetParent === null) return;
    isStale = false;
    map.clear();
    const isNewest = begin();
    isLooking = isOpening = true;
    const answer = await ask('look');
    if (!isNewest()) return;
    isLooking = isOpening = false;
    showProblem(answer.problem);
    if (answer.problem) {
      isStale = true;
      return;
    }
    net = answer;
    find('.work').hidden = find('.softmax').hidden = false;
    layers.show(net.layers);
    showSoftmax(element, net.softmax);
    open(layer, first);
  }

  // --- a layer ------------------------------------------------------------------------------------------------------

  /** @param {number} index @param {number} from the first map on the shelf */
  async function open(index, from) {
    if (index !== layer) {
      map.forget();
      channel = null;
    }
    layer = index;
    first = from;
    if (isStale || isLooking) {   // the numbers of the picture come first, then this layer is opened
      look();
      return;
    }
    const row = net.layers[layer];
    const isNewest = begin();
    isOpening = true;
    const answer = await ask('maps', { layer: row.name, first });
    if (!isNewest()) return;
    isOpening = false;
    showProblem(answer.problem);
    if (answer.problem) return;
    layers.mark(layer);
    showTitle(row);
    await shelf.show(row, answer);
    if (!isNewest()) return;
    channel ??= first + answer.highest.indexOf(Math.max(...answer.highest));
    const isInSight = channel >= first && channel < first + answer.highest.length;
    if (map.isReady() && from > 0 && !isInSight) return;  // leafing through: the cell stays
    enlarge(channel);
  }

  /** @param {Row} row */
  function showTitle(row) {
    find('.title').replaceChildren(make('span', row.name), make('code', row.code));
    const parameters = row.parameters ? tn('{n} parameter', '{n} parameters', row.parameters) : t('no parameters');
    const values = { shape: shapeOf(row), count: row.shape[0], size: row.shape.slice(1).join(' × '), parameters };
    find('.shape').textContent = row.shape.length === 3
      ? t('{shape}: {count} maps of {size} numbers, {parameters}', values) : t('{shape}: {count} numbers, {parameters}', values);
    find('.words').textContent = kinds[row.kind].about;
  }

  // --- a map and a cell ---------------------------------------------------------------------------------------------

  /** @param {number} number of a map */
  async function enlarge(number) {
    const row = net.layers[layer];
    channel = number;
    shelf.mark(channel);
    map.clear();
    const place = map.getChosen();
    const isNewest = begin();
    const answer = await ask('map', { layer: row.name, channel, ...(place && { row: place[0], column: place[1] }) });
    if (!isNewest()) return;
    showProblem(answer.problem);
    if (answer.problem) return;
    map.show(row, answer.values, mapName(row));
    showExplained(answer.cell);
  }

  /** @param {Row} row of the enlarged map */
  function mapName(row) {
    if (row.shape.length === 3) return t('Map {number}, {size}', { number: channel, size: mapSize(row).join(' × ') });
    const [name, values] = [nameOf(channel), { number: channel, layer: row.name }];
    return name ? t('Number {number} of {layer} ({name})', { ...values, name }) : t('Number {number} of {layer}', values);
  }

  /** @param {number} row @param {number} column */
  async function explain(row, column) {
    if (isOpening) return;
    const isNewest = begin();
    const answer = await ask('cell', { layer: net.layers[layer].name, channel, row, column });
    if (!isNewest()) return;
    showProblem(answer.problem);
    if (!answer.problem) showExplained(answer.cell);
  }

  /** @param {import('./cell.js').ExplainedCell} cell */
  function showExplained(cell) {
    const hasPlaces = net.layers[layer].shape.length === 3;
    map.choose([cell.row, cell.column]);
    showCell(cell, hasPlaces ? t('Map {channel}, row {row}, column {column}', { ...cell }) : t('Number {channel}', { ...cell }));
  }

  // --- the visitor's picture ----------------------------------------------------------------------------------------

  let turn = 0;   // of the picture that was taken last

  async function take() {
    const own = getPicture();
    if (!own || own.turn === turn || element.offsetParent === null) return;
    turn = own.turn;
    const answer = await askAboutPicture(server.picture);
    if (own.turn !== turn) return;
    if (answer.lost) turn = 0;   // retried when the part is next in sight
    showProblem(answer.problem);
    if (!answer.problem) chooser.take(answer);
  }

  onPicture(element, take);
  // nothing is asked for a part of the page that nobody looks at
  new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    await take();   // or an example would go through the network first
    chooser.bringFirst();
    look();
  }).observe(element);
}
