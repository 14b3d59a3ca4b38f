// A curve that grows as long as a run lasts.
//
// A series keeps at most `most` buckets; when they are full, each two become one that knows its lowest and highest value.
// So no spike is lost, and a run of any length takes the same time to draw.

const MOST = 4096;

/** @typedef {[x: number, low: number, high: number, sum: number, count: number]} Bucket x: the first one in it */

/** @param {Bucket} a @param {Bucket} b @returns {Bucket} */
const merge = (a, b) => [a[0], Math.min(a[1], b[1]), Math.max(a[2], b[2]), a[3] + b[3], a[4] + b[4]];

export class Series {
  /** @param {number} [most] buckets that are kept */
  constructor(most = MOST) {
    this.most = most;
    /** @type {Bucket[]} */
    this.buckets = [];
    /** @type {[x: number, value: number][]} the smoothed curve, a point for each bucket */
    this.smooth = [];
    this.perBucket = 1;
    this.inLast = 0;
    this.mean = 0;
    this.weight = 0;
  }

  /**
   * Adds the next value, if it is finite.
   *
   * @param {number} x larger than those before
   * @param {number | null} value
   * @param {number} keep share of the smoothed value that stays
   */
  push(x, value, keep) {
    if (value === null || !Number.isFinite(value)) return;
    this.mean = keep * this.mean + (1 - keep) * value;
    this.weight = keep * this.weight + (1 - keep);   // the first values are as good a mean as there is: no pull towards 0
    /** @type {[number, number]} */
    const point = [x, this.mean / this.weight];
    /** @type {Bucket} */
    const bucket = [x, value, value, value, 1];
    if (this.inLast && this.inLast < this.perBucket) {
      const last = this.buckets.length - 1;
      this.buckets[last] = merge(this.buckets[last], bucket);
      this.smooth[last] = point;
      this.inLast += 1;
      return;
    }
    if (this.buckets.length >= this.most) this.halve();
    this.buckets.push(bucket);
    this.smooth.push(point);
    this.inLast = 1;
  }

  halve() {
    const { buckets } = this;
    this.buckets = buckets.flatMap((bucket, i) => (i % 2 ? [] : [i + 1 < buckets.length ? merge(bucket, buckets[i + 1]) : bucket]));
    this.smooth = this.smooth.filter((_, i) => i % 2 || i === buckets.length - 1);
    this.perBucket *= 2;
  }

  /** The newest smoothed value. @returns {number | null} */
  get last() {
    return this.weight ? this.mean / this.weight : null;
  }

  /** The bucket at or before x. @param {number} x @returns {{ x: number, mean: number, smooth: number } | null} */
  near(x) {
    let low = 0;
    let high = this.buckets.length - 1;
    if (high < 0) return null;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.buckets[middle][0] <= x) low = middle;
      else high = middle - 1;
    }
    const [first, , , sum, count] = this.buckets[low];
    return { x: first, mean: sum / count, smooth: this.smooth[low][1] };
  }
}
