// The drawing paper and its history: strokes go in, a small PNG comes out. It knows nothing of the server.
//
// The history is a list of actions, of which the first `position` are in force.

const INK = '#1c2436';
const SENT_SIDE = 280;  // the network sees 28 x 28: ten pixels for each are plenty, and they cross the wire in 5 kB
const MOST_ACTIONS = 300;
const MOST_PICTURES = 12;  // each may take some megabytes

/**
 * @typedef {{ kind: string, data: string, url: string }} Picture a photo or file: base64 of its bytes, and their address
 * @typedef {[number, number]} Point
 * @typedef {{ tool: string, width: number, points: Point[] }} Stroke
 * @typedef {Partial<Stroke> & { clear?: true, sketch?: HTMLCanvasElement, picture?: Picture }} Action a stroke, an empty
 *   sheet, ink to draw on, or a picture that replaces the paper
 */

// the pixels are read back for every answer, which would stall a canvas on the graphics card
/** @param {HTMLCanvasElement} canvas */
const readablePen = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));

/** @param {number} side */
function newSheet(side) {
  const sheet = document.createElement('canvas');
  sheet.width = sheet.height = side;
  return sheet;
}

/**
 * Lets the visitor draw on a canvas.
 *
 * @param {HTMLCanvasElement} canvas square
 * @param {{ onStroke: () => void, onChange: () => void }} listeners called while the pen moves, and after every action
 */
export function createPad(canvas, { onStroke, onChange }) {
  const pen = readablePen(canvas);
  const small = newSheet(SENT_SIDE);
  const smallPen = readablePen(small);
  /** @type {Action[]} */
  const actions = [];
  let position = 0;
  let tool = 'pen';
  let width = 16;
  /** @type {Stroke | null} */
  let stroke = null;
  /** @type {number | null} */
  let pointer = null;
  /** @type {HTMLCanvasElement | null} */
  let example = null;

  // --- strokes --------------------------------------------------------------------------------------------------

  /** @param {Stroke} line */
  function prepare(line) {
    pen.globalCompositeOperation = line.tool === 'eraser' ? 'destination-out' : 'source-over';
    pen.strokeStyle = INK;
    pen.lineCap = pen.lineJoin = 'round';
    pen.lineWidth = line.tool === 'eraser' ? line.width * 2 : line.width;
  }

  // Draws what point `i` adds: a curve between the midpoints of neighbouring segments, which hides the corners of a
  // fast hand. Live drawing and redrawing after an undo both use it, so they give the same picture.
  /** @param {Point[]} points @param {number} i */
  function drawPoint(points, i) {
    const [x, y] = points[i];
    pen.beginPath();
    if (i === 0) {
      pen.moveTo(x, y);
      pen.lineTo(x + 0.01, y);  // a line of length zero would draw nothing, and a tap must leave a dot
    } else {
      const [px, py] = points[i - 1];
      const [qx, qy] = i > 1 ? points[i - 2] : points[0];
      pen.moveTo((qx + px) / 2, (qy + py) / 2);
      pen.quadraticCurveTo(px, py, (px + x) / 2, (py + y) / 2);
    }
    pen.stroke();
  }

  /** @param {Point[]} points */
  function drawEnd(points) {
    const n = points.length;
    if (n < 2) return;
    const [ax, ay] = points[n - 2];
    const [bx, by] = points[n - 1];
    pen.beginPath();
    pen.moveTo((ax + bx) / 2, (ay + by) / 2);
    pen.lineTo(bx, by);
    pen.stroke();
  }

  /** @param {PointerEvent} event @returns {Point} */
  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  canvas.addEventListener('pointerdown', (event) => {
    const stylusEraser = event.button === 5;
    if (pointer !== null || (event.button !== 0 && !stylusEraser)) return;  // a second finger does not draw
    event.preventDefault();
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    if (example) {
      example = null;
      redraw();
    }
    stroke = { tool: stylusEraser ? 'eraser' : tool, width, points: [pointOf(event)] };
    prepare(stroke);
    drawPoint(stroke.points, 0);
    onStroke();
  });

  canvas.addEventListener('pointermove', (event) => {
    if (!stroke || event.pointerId !== pointer) return;
    const samples = event.getCoalescedEvents?.() ?? [];
    for (const sample of samples.length ? samples : [event]) {
      stroke.points.push(pointOf(sample));
      drawPoint(stroke.points, stroke.points.length - 1);
    }
    onStroke();
  });

  /** @param {PointerEvent} event */
  function endStroke(event) {
    if (!stroke || event.pointerId !== pointer) return;
    pointer = null;
    drawEnd(stroke.points);
    const action = stroke;
    stroke = null;
    add(action);
  }
  canvas.addEventListener('pointerup', endStroke);
  canvas.addEventListener('pointercancel', endStroke);
  canvas.addEventListener('lostpointercapture', endStroke);

  // --- history --------------------------------------------------------------------------------------------------

  /** @param {Action} action @returns {action is Stroke} */
  const isStroke = (action) => action.points !== undefined;

  // index of the action that began the present sheet, -1 for the empty one at the start
  function base() {
    let i = position - 1;
    while (i >= 0 && isStroke(actions[i])) i--;
    return i;
  }

  const picture = () => actions[base()]?.picture ?? null;

  function redraw() {
    const first = base();
    const sketch = example ?? actions[first]?.sketch;
    pen.globalCompositeOperation = 'source-over';
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (sketch) pen.drawImage(sketch, 0, 0, canvas.width, canvas.height);
    for (const action of actions.slice(Math.max(0, first), position)) {
      if (!isStroke(action)) continue;
      prepare(action);
      action.points.forEach((_, i) => drawPoint(action.points, i));
      drawEnd(action.points);
    }
  }

  function copy() {
    const sheet = newSheet(canvas.width);
    readablePen(sheet).drawImage(canvas, 0, 0);
    return sheet;
  }

  /** @param {Action} action */
  function add(action) {
    example = null;
    actions.length = position;
    actions.push(action);
    position = actions.length;
    if (!isStroke(action)) redraw();
    if (actions.length > MOST_ACTIONS || actions.filter((each) => each.picture).length > MOST_PICTURES) forget();
    onChange();
  }

  function forget() {  // merges the oldest third into what it drew
    const count = Math.floor(actions.length / 3);
    const end = position;
    position = count;
    const current = picture();
    redraw();
    const oldest = actions.splice(0, count, current ? { picture: current } : { sketch: copy() });
    for (const { picture: old } of oldest) if (old && old !== current) URL.revokeObjectURL(old.url);
    position = end - count + 1;
    redraw();
  }

  /** @param {number} step */
  function move(step) {
    const target = position + step;
    if (stroke || target < 0 || target > actions.length) return;
    position = target;
    redraw();
    onChange();
  }

  return {
    /** @param {string} name "pen" or "eraser" */
    set tool(name) { tool = name; },
    /** @param {number} pixels */
    set width(pixels) { width = pixels; },
    undo: () => move(-1),
    redo: () => move(1),
    clear: () => { if (!stroke) add({ clear: true }); },
    leavePicture() {  // back to the drawing before it; redo brings the picture back
      while (position > 0 && picture()) position--;
      redraw();
      onChange();
    },
    /** Shows ink that is gone at the first stroke or picture. @param {HTMLCanvasElement} sketch */
    showExample(sketch) {
      example = sketch;
      redraw();
    },
    get isExample() { return example !== null; },
    /** @param {HTMLCanvasElement} sketch */
    addSketch: (sketch) => add({ sketch }),
    /** @param {Picture} photo */
    addPicture: (photo) => add({ picture: photo }),
    picture,
    get canUndo() { return position > 0; },
    get canRedo() { return position < actions.length; },
    get isDrawing() { return stroke !== null; },
    copy,

    /** @returns {string | null} base64 of a grey PNG on white; null when there is no ink on the paper */
    png() {
      smallPen.globalCompositeOperation = 'source-over';
      smallPen.clearRect(0, 0, SENT_SIDE, SENT_SIDE);
      smallPen.drawImage(canvas, 0, 0, SENT_SIDE, SENT_SIDE);
      const { data } = smallPen.getImageData(0, 0, SENT_SIDE, SENT_SIDE);
      let ink = false;
      for (let i = 3; i < data.length && !ink; i += 4) ink = data[i] > 24;
      if (!ink) return null;
      smallPen.globalCompositeOperation = 'destination-over';
      smallPen.fillStyle = '#fff';
      smallPen.fillRect(0, 0, SENT_SIDE, SENT_SIDE);
      return small.toDataURL('image/png').split(',')[1];
    },
  };
}

/**
 * A grey drawing on white as ink on nothing, so that the paper shines through and the eraser works on it.
 *
 * @param {HTMLImageElement} image
 * @param {number} side of the square it is centred on
 */
export function inkOf(image, side) {
  const sheet = newSheet(side);
  const pen = readablePen(sheet);
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, side, side);
  const scale = side / Math.max(image.width, image.height);
  const w = image.width * scale;
  const h = image.height * scale;
  pen.drawImage(image, (side - w) / 2, (side - h) / 2, w, h);
  const pixels = pen.getImageData(0, 0, side, side);
  const { data } = pixels;
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(INK.slice(i, i + 2), 16));
  for (let i = 0; i < data.length; i += 4) {
    data[i + 3] = 255 - (data[i] + data[i + 1] + data[i + 2]) / 3;
    [data[i], data[i + 1], data[i + 2]] = [r, g, b];
  }
  pen.putImageData(pixels, 0, 0);
  return sheet;
}
