/** How long a transaction is to take, in milliseconds: other writers wait as long. */
const WANTED_MS = 50;

const FIRST = 500;

/** More would not be faster. */
const MOST = 10_000;

/** Few enough even where each has many pages to be freed. */
const LEAST = 10;

/** From one transaction to the next: one that was slow may have been so for another reason. */
const STEP = 4;

/** How many rows go into one transaction of many, by what those before it took. */
export class Pace {
  #rows = FIRST;

  /** For the next transaction, at most. */
  get rows(): number {
    return this.#rows;
  }

  /** What `work` gives, which is a transaction of so many rows at most. */
  timed<T>(work: (rows: number) => T): T {
    const start = performance.now();
    const result = work(this.#rows);
    this.#adapt(performance.now() - start);
    return result;
  }

  async timedAsync<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#adapt(performance.now() - start);
    return result;
  }

  #adapt(milliseconds: number): void {
    const factor = WANTED_MS / Math.max(1, milliseconds);
    const rows = this.#rows * Math.min(STEP, Math.max(1 / STEP, factor));
    this.#rows = Math.round(Math.min(MOST, Math.max(LEAST, rows)));
  }
}
