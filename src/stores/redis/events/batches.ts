import { setImmediate } from 'node:timers/promises';

/**
 * Turns pushed items into batches that are pulled. Each pull yields everything that arrived since the last one. Pushing
 * never blocks, because a server disconnects a client that does not read.
 */
export class Batches<T> implements AsyncIterable<readonly T[]> {
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;
  readonly #silence: NodeJS.Timeout | undefined;
  #isSilent = false;
  #pushed = 0;

  /** @param silenceMs yield one empty batch after this long without an item; never if omitted */
  constructor(silenceMs?: number) {
    if (silenceMs !== undefined) this.#silence = setTimeout(async () => this.#checkSilence(), silenceMs);
  }

  /** Whether items wait to be pulled. */
  get hasUnread(): boolean {
    return this.#waiting.length > 0;
  }

  push(item: T): void {
    if (this.#isOver) return;
    this.#silence?.refresh();
    this.#isSilent = false;
    this.#pushed++;
    this.#waiting.push(item);
    this.#wake?.();
  }

  /** End the iteration after the remaining items, with `failure` if given. */
  end(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    clearTimeout(this.#silence);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[]> {
    for (;;) {
      if (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        yield batch;
      } else if (this.#isSilent) {
        this.#isSilent = false;
        yield [];
      } else if (this.#isOver) break;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }

    if (this.#failure) throw this.#failure;
  }

  /** Timers run before sockets are read, so an item may be about to arrive. */
  async #checkSilence(): Promise<void> {
    const before = this.#pushed;
    await setImmediate();
    if (this.#pushed !== before) return;
    this.#isSilent = true;
    this.#wake?.();
  }
}
