/** So many are kept, evenly chosen by chance, for the median; the worst is exact. */
const SAMPLE = 10_000;

/** Durations in seconds, of which median and worst are asked. */
export class Durations {
  readonly #sample: number[] = [];
  #count = 0;
  #worst = 0;

  add(seconds: number): void {
    this.#count++;
    this.#worst = Math.max(this.#worst, seconds);
    if (this.#sample.length < SAMPLE) this.#sample.push(seconds);
    else if (Math.random() < SAMPLE / this.#count) this.#sample[Math.floor(Math.random() * SAMPLE)] = seconds;
  }

  get count(): number {
    return this.#count;
  }

  /** Undefined when there are none. */
  get median(): number | undefined {
    const sorted = this.#sample.toSorted((one, other) => one - other);
    const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
    return low === undefined || high === undefined ? undefined : (low + high) / 2;
  }

  /** Undefined when there are none. */
  get worst(): number | undefined {
    return this.#count === 0 ? undefined : this.#worst;
  }
}
