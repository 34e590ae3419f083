/** The target duration of a transaction, in milliseconds. Other writers wait that long. */
const TARGET_MS = 50;

/**
 * On a slow network or a busy server, short transactions would mostly wait. There the target is this many times the
 * duration of a read, up to a limit in milliseconds.
 */
const READS = 10;
const MAX_TARGET_MS = 500;

const FIRST = 500;

/** The maximum batch size. Larger batches are not faster. */
const MAX = 10_000;

/** The minimum batch size, for rows with many pages to free. */
const MIN = 10;

/** The maximum change per transaction. A single slow one may have had another cause. */
const STEP = 4;

/** Adapts the number of rows per transaction to the duration of earlier ones. */
export class BatchSize {
  #rows = FIRST;
  #readMs = 0;

  /** The maximum number of rows for the next transaction. */
  get rows(): number {
    return this.#rows;
  }

  /** Run `work`, a transaction of at most `rows` rows, and adapt to its duration. */
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

  /** Read the rows of the next transaction, or lock them as its first statement. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await read();
    this.#readMs = performance.now() - start;
    return result;
  }

  #adapt(milliseconds: number): void {
    const target = Math.max(TARGET_MS, Math.min(MAX_TARGET_MS, READS * this.#readMs));
    const factor = target / Math.max(1, milliseconds);
    const rows = this.#rows * Math.min(STEP, Math.max(1 / STEP, factor));
    this.#rows = Math.round(Math.min(MAX, Math.max(MIN, rows)));
  }
}
