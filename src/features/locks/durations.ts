import { ascending } from '../../percentile.js';
import { Reservoir } from '../../stores/listing/reservoir.js';

/** Durations in seconds: the median of a random sample, the exact maximum. */
export class Durations {
  readonly #sample = new Reservoir<number>(10_000);
  #worst = 0;

  add(seconds: number): void {
    this.#worst = Math.max(this.#worst, seconds);
    this.#sample.offer(seconds);
  }

  get count(): number {
    return this.#sample.offered;
  }

  /** Undefined without durations. */
  get median(): number | undefined {
    const sorted = ascending(this.#sample.kept);
    const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
    return low === undefined || high === undefined ? undefined : (low + high) / 2;
  }

  /** Undefined without durations. */
  get worst(): number | undefined {
    return this.count === 0 ? undefined : this.#worst;
  }
}
