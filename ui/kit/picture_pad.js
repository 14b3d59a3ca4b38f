// The drawing paper and its history: strokes go in, a small PNG comes out. Knows nothing of the server.
//
// The history is a list of actions; the first `at` of them are in force:
//   {tool, width, points}  a stroke            {clear: true}      an empty sheet
//   {sketch: canvas}       ink to go on with   {picture: {...}}   a photo or file that stands for itself

const INK = '#1c2436';
const SENT_SIDE = 280;  // the network sees 28 x 28: ten pixels for each are plenty, and they cross the wire in 5 kB
const MOST_ACTIONS = 300;
const MOST_PICTURES = 12;  // each may hold some megabytes

function makePad(canvas, { onStroke, onChange }) {
  // read back at every answer: a canvas on the graphics card would stall for it
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const small = document.createElement('canvas');
  small.width = small.height = SENT_SIDE;
  const smallPen = small.getContext('2d', { willReadFrequently: true });
  const actions = [];
  let at = 0;
  let tool = 'pen';
  let width = 16;
  let stroke = null;
  let pointer = null;

  // --- strokes --------------------------------------------------------------------------------------------------

  function prepare(action) {
    pen.globalCompositeOperation = action.tool === 'eraser' ? 'destination-out' : 'source-over';
    pen.strokeStyle = INK;
    pen.lineCap = pen.lineJoin = 'round';
    pen.lineWidth = action.tool === 'eraser' ? action.width * 2 : action.width;
  }

  // Draws what the i-th point adds: a curve between the middles of neighbouring segments, which hides the corners of
  // a fast hand. Drawing live and redrawing after an undo both come through here, so they give the same picture.
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

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  canvas.addEventListener('pointerdown', (event) => {
    const stylusEraser = event.button === 5;
    if (pointer !== null || (event.button !== 0 && !stylusEraser)) return;  // one finger draws, a second one waits
    event.preventDefault();
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    stroke = { tool: stylusEraser ? 'eraser' : tool, width, points: [place(event)] };
    prepare(stroke);
    drawPoint(stroke.points, 0);
    onStroke();
  });

  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of events.length ? events : [event]) {
      stroke.points.push(place(one));
      drawPoint(stroke.points, stroke.points.length - 1);
    }
    onStroke();
  });

  function endStroke(event) {
    if (event.pointerId !== pointer) return;
    pointer = null;
    drawEnd(stroke.points);
    const done = stroke;
    stroke = null;
    add(done);
  }
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) canvas.addEventListener(name, endStroke);

  // --- history --------------------------------------------------------------------------------------------------

  const isStroke = (action) => action.points !== undefined;

  function base() {  // index of the action that the sheet as it is begins with, -1 for the first empty sheet
    let i = at - 1;
    while (i >= 0 && isStroke(actions[i])) i--;
    return i;
  }

  function redraw() {
    const first = base();
    pen.globalCompositeOperation = 'source-over';
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (first >= 0 && actions[first].sketch) pen.drawImage(actions[first].sketch, 0, 0, canvas.width, canvas.height);
    for (const action of actions.slice(Math.max(0, first), at)) {
      if (!isStroke(action)) continue;
      prepare(action);
      action.points.forEach((_, i) => drawPoint(action.points, i));
      drawEnd(action.points);
    }
  }

  function copy() {
    const kept = document.createElement('canvas');
    kept.width = canvas.width;
    kept.height = canvas.height;
    kept.getContext('2d').drawImage(canvas, 0, 0);
    return kept;
  }

  function add(action) {
    actions.length = at;
    actions.push(action);
    at = actions.length;
    if (!isStroke(action)) redraw();
    if (actions.length > MOST_ACTIONS || actions.filter((one) => one.picture).length > MOST_PICTURES) forget();
    onChange();
  }

  function forget() {  // the oldest third becomes one picture of what it drew
    const many = Math.floor(actions.length / 3);
    const end = at;
    at = many;
    const picture = api.picture();
    redraw();
    const gone = actions.splice(0, many, picture ? { picture } : { sketch: copy() });
    for (const { picture: old } of gone) if (old && old !== picture) URL.revokeObjectURL(old.url);
    at = end - many + 1;
    redraw();
  }

  function move(step) {
    const to = at + step;
    if (stroke || to < 0 || to > actions.length) return;
    at = to;
    redraw();
    onChange();
  }

  const api = {
    set tool(name) { tool = name; },
    set width(pixels) { width = pixels; },
    undo: () => move(-1),
    redo: () => move(1),
    clear: () => { if (!stroke) add({ clear: true }); },
    leavePicture() {  // back to the drawing there was before; redo brings the picture back
      while (at > 0 && api.picture()) at--;
      redraw();
      onChange();
    },
    addSketch: (sketch) => add({ sketch }),
    addPicture: (picture) => add({ picture }),
    picture() { const first = base(); return first >= 0 ? actions[first].picture || null : null; },
    get canUndo() { return at > 0; },
    get canRedo() { return at < actions.length; },
    get drawing() { return stroke !== null; },
    copy,

    // base64 of a grey PNG on white, or null when there is no ink on the paper
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
  return api;
}

// A grey drawing on white as ink on nothing, so that the paper shines through and the eraser works on it.
function inkOf(image, side) {
  const sheet = document.createElement('canvas');
  sheet.width = sheet.height = side;
  const pen = sheet.getContext('2d', { willReadFrequently: true });
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
