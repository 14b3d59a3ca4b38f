// Curves of a run on canvases: thousands of steps in a few strokes, the whole view drawn a few times a second.
//
// A series keeps at most KEPT buckets; when they are full, each two become one that knows its lowest and highest value.
// So no spike is lost, and a run of any length costs the same to draw.

const KEPT = 4096;

function series() {
  let per = 1;             // steps a bucket
  let open = 0;            // steps in the last bucket
  let buckets = [];        // [first step, lowest, highest, sum, count]
  let smooth = [];         // [step, value], as many as there are buckets
  let mean = 0;
  let weight = 0;
  const merge = (a, b) => [a[0], Math.min(a[1], b[1]), Math.max(a[2], b[2]), a[3] + b[3], a[4] + b[4]];
  return {
    push(step, value, keep) {  // keep: share of the smoothed value that stays
      if (!Number.isFinite(value)) return;
      mean = keep * mean + (1 - keep) * value;
      weight = keep * weight + (1 - keep);   // the first values are as good a mean as there is: no pull towards 0
      if (open && open < per) {
        buckets[buckets.length - 1] = merge(buckets[buckets.length - 1], [step, value, value, value, 1]);
        smooth[smooth.length - 1] = [step, mean / weight];
        open += 1;
        return;
      }
      if (buckets.length >= KEPT) {
        buckets = buckets.flatMap((one, i) => (i % 2 ? [] : [i + 1 < buckets.length ? merge(one, buckets[i + 1]) : one]));
        smooth = smooth.filter((_, i) => i % 2);
        per *= 2;
      }
      buckets.push([step, value, value, value, 1]);
      smooth.push([step, mean / weight]);
      open = 1;
    },
    get buckets() { return buckets; },
    get smooth() { return smooth; },
    get last() { return weight ? mean / weight : null; },
    get length() { return buckets.length; },
    near(step) {           // the bucket at or before a step: [step, mean of it, smoothed]
      let low = 0;
      let high = buckets.length - 1;
      if (high < 0) return null;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (buckets[middle][0] <= step) low = middle;
        else high = middle - 1;
      }
      return [buckets[low][0], buckets[low][3] / buckets[low][4], smooth[low][1]];
    },
  };
}

// --- numbers ------------------------------------------------------------------------------------------------------

const RAISED = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
const power = (exponent) => `10${[...String(exponent)].map((sign) => RAISED[sign]).join('')}`;

function brief(value, digits = 3) {  // a number in few letters
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e5 || size < 1e-4) return value.toExponential(Math.max(0, digits - 1)).replace('e+', 'e').replace('-', '−').replace('e-', 'e−');
  return String(Number(value.toPrecision(digits))).replace('-', '−');
}
const tick = (value) => (value >= 0.001 && value <= 1000 ? brief(value) : power(Math.round(Math.log10(value))));   // of a logarithmic axis
const share = (value) => (value === null || value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);

function marks(low, high, most) {   // round numbers from low to high
  const rough = (high - low) / most;
  if (!(rough > 0)) return [low];
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * ten).find((one) => one >= rough * 0.999);
  const list = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-9); at += 1) list.push(at * step + 0);  // + 0: no −0
  return list;
}
function tenths(low, high, most) {  // powers of ten
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / most));
  const list = [];
  for (let e = first; e <= last; e += stride) list.push(10 ** e);
  return list;
}

// --- colours ------------------------------------------------------------------------------------------------------

let ink = {};
function readColours() {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(`--tp-${name}`).trim();
  ink = { ink: of('ink'), quiet: of('quiet'), line: of('line'), raw: of('bar'), main: of('accent'), other: of('focus'), third: of('naive'), card: of('card'), track: of('track') };
}

// --- a canvas -----------------------------------------------------------------------------------------------------

function sheet(canvas) {   // its pen and size in CSS pixels, sharp on every screen; null while it is hidden
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return null;
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `12px ${getComputedStyle(element).fontFamily}`;
  pen.lineJoin = 'round';
  return { pen, width, height };
}

const LEFT = 46;
const RIGHT = 10;
const TOP = 8;

function rule({ pen, width, height }, levels, up, say) {   // a line across for each of these values, with what it is
  pen.lineWidth = 1;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const level of levels) {
    const y = Math.round(up(level)) + 0.5;
    pen.strokeStyle = ink.line;
    pen.beginPath();
    pen.moveTo(LEFT, y);
    pen.lineTo(width - RIGHT, y);
    pen.stroke();
    pen.fillStyle = ink.quiet;
    pen.fillText(say(level), LEFT - 7, Math.min(Math.max(y, 6), height - 6));
  }
}

// look: {end, low, high, log, ends: [steps where an epoch ends], numbers: whether steps are written below, say(value),
//   lines: [{of: series, colour, raw: bool}], dots: [{points: [[step, value]], colour}], cursor: step or null}
function plot(canvas, look) {
  const found = sheet(canvas);
  if (!found) return;
  const { pen, width, height } = found;
  const bottom = height - (look.numbers ? 20 : 6);
  const span = width - LEFT - RIGHT;
  const across = (step) => LEFT + (span * step) / look.end;
  const scale = look.log ? Math.log10 : (value) => value;
  const low = scale(look.low);
  const height1 = (bottom - TOP) / (scale(look.high) - low || 1);
  const up = (value) => bottom - height1 * (scale(look.log ? Math.max(value, 1e-30) : value) - low);
  canvas.span = [LEFT, span, look.end];

  const room = Math.max(2, Math.floor((bottom - TOP) / 34));
  const levels = look.log ? tenths(look.low, look.high, room + 1) : marks(look.low, look.high, room);
  rule(found, levels, up, look.log ? tick : look.say);
  pen.textBaseline = 'alphabetic';
  if (look.numbers) {
    const steps = marks(0, look.end, Math.max(2, Math.floor(span / 90)));
    steps.forEach((step) => {
      if (step !== Math.round(step)) return;
      const end = across(step) > width - RIGHT - 24;
      pen.textAlign = step === 0 ? 'left' : end ? 'right' : 'center';
      pen.fillText(many(step), end ? width - RIGHT : across(step), height - 4);
    });
  }
  pen.save();
  pen.beginPath();
  pen.rect(LEFT, TOP - 6, span + RIGHT, bottom - TOP + 9);
  pen.clip();
  // where an epoch ends, as long as the lines do not fill the sheet
  if (look.ends.length && span / (look.end / look.ends[0]) > 14) {
    pen.strokeStyle = ink.line;
    pen.setLineDash([3, 4]);
    pen.beginPath();
    look.ends.forEach((end) => { pen.moveTo(across(end), TOP); pen.lineTo(across(end), bottom); });
    pen.stroke();
    pen.setLineDash([]);
  }
  for (const { of, colour, raw } of look.lines) {
    if (raw) {             // thin: one stroke from the lowest to the highest value of each pixel
      pen.strokeStyle = ink.raw;
      pen.globalAlpha = 0.55;
      pen.lineWidth = 1;
      pen.beginPath();
      let column = null;
      let [least, most] = [0, 0];
      const flush = () => {
        pen.lineTo(column, up(most));
        if (most !== least) pen.lineTo(column, up(least));
      };
      for (const [step, lowest, highest] of of.buckets) {
        const x = Math.round(across(step) * 2) / 2;
        if (x === column) {
          least = Math.min(least, lowest);
          most = Math.max(most, highest);
          continue;
        }
        if (column !== null) flush();
        else pen.moveTo(x, up(highest));
        [column, least, most] = [x, lowest, highest];
      }
      if (column !== null) flush();
      pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = ink[colour];
    pen.lineWidth = 2;
    pen.beginPath();
    let before = null;
    const points = of.smooth;
    points.forEach(([step, value], i) => {
      const x = across(step);
      if (before !== null && x - before < 0.7 && i < points.length - 1) return;
      if (before === null) pen.moveTo(x, up(value));
      else pen.lineTo(x, up(value));
      before = x;
    });
    pen.stroke();
    const last = points[points.length - 1];
    if (last) {
      pen.fillStyle = ink[colour];
      pen.beginPath();
      pen.arc(across(last[0]), up(last[1]), 3, 0, 7);
      pen.fill();
    }
  }
  for (const { points, colour } of look.dots) {
    pen.strokeStyle = pen.fillStyle = ink[colour];
    pen.lineWidth = 1.5;
    pen.beginPath();
    points.forEach(([step, value], i) => (i ? pen.lineTo(across(step), up(value)) : pen.moveTo(across(step), up(value))));
    pen.stroke();
    const size = points.length > 60 ? 1.5 : 3.5;
    pen.beginPath();
    points.forEach(([step, value]) => { pen.moveTo(across(step) + size, up(value)); pen.arc(across(step), up(value), size, 0, 7); });
    pen.fill();
  }
  if (look.cursor !== null && look.cursor <= look.end) {
    pen.strokeStyle = ink.quiet;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(Math.round(across(look.cursor)) + 0.5, TOP);
    pen.lineTo(Math.round(across(look.cursor)) + 0.5, bottom);
    pen.stroke();
  }
  pen.restore();
}

// layers: [[name, norm]] from the input to the output; chosen: the one that is read, or null
function plotLayers(canvas, layers, chosen) {
  const found = sheet(canvas);
  if (!found) return;
  const { pen, width, height } = found;
  const room = (width - LEFT - RIGHT) / Math.max(1, layers.length);
  const bottom = height - 20;
  const seen = layers.map(([, norm]) => norm).filter((norm) => norm > 0 && Number.isFinite(norm));
  const high = 10 ** Math.ceil(Math.log10(Math.max(1, ...seen)) + 1e-9);
  const low = Math.max(1e-14, 10 ** Math.floor(Math.log10(Math.min(1e-3, ...seen)) - 1e-9));
  const up = (norm) => bottom - ((bottom - TOP) * (Math.log10(Math.min(high, Math.max(low, norm))) - Math.log10(low))) / (Math.log10(high) - Math.log10(low));
  rule(found, tenths(low, high, Math.max(2, Math.floor((bottom - TOP) / 26))), up, tick);
  const wide = Math.min(26, room * 0.72);
  layers.forEach(([, norm], i) => {
    const x = LEFT + room * (i + 0.5) - wide / 2;
    const endless = norm === null || !Number.isFinite(norm);   // JSON has no infinity
    const y = endless ? TOP : up(norm);
    pen.fillStyle = endless ? ink.third : ink.main;
    pen.globalAlpha = chosen === null || chosen === i ? 1 : 0.45;
    pen.beginPath();
    pen.roundRect(x, Math.min(y, bottom - 1.5), wide, Math.max(1.5, bottom - y), [Math.min(3, wide / 3), Math.min(3, wide / 3), 0, 0]);
    pen.fill();
  });
  pen.globalAlpha = 1;
  // each name below its bar where there is room for all, else which end is which
  pen.fillStyle = ink.quiet;
  pen.textBaseline = 'alphabetic';
  const fits = layers.every(([name]) => pen.measureText(name).width < room - 6);
  pen.textAlign = 'center';
  if (fits) layers.forEach(([name], i) => pen.fillText(name, LEFT + room * (i + 0.5), height - 4));
  else {
    pen.textAlign = 'left';
    pen.fillText(`${layers.length} layers: first`, LEFT, height - 4);
    pen.textAlign = 'right';
    pen.fillText('last', width - RIGHT, height - 4);
  }
  canvas.rooms = [LEFT, room, layers.length];
}
