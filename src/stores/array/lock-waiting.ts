import type { Waiter, Waiting } from '../contract/locks.js';
import type { Memory } from './memory.js';

/** A waiter's place in the memory, where others see it. */
export class ArrayWaiting implements Waiting {
  readonly longestPause = 1000;
  /** With its prefix. */
  readonly name: string;
  readonly #memory: Memory;
  readonly #owner: string;
  readonly #left: (waiting: ArrayWaiting) => void;
  readonly #since = new Date();
  /** It tried before it began to wait. */
  #attempts = 1;
  #hear: (isNews: boolean) => void = unheard;

  /** `left` is called when it has ended. */
  constructor(memory: Memory, name: string, owner: string, left: (waiting: ArrayWaiting) => void) {
    this.#memory = memory;
    this.name = name;
    this.#owner = owner;
    this.#left = left;
    memory.waiters.add(this);
  }

  get waiter(): Waiter {
    return { owner: this.#owner, since: this.#since, attempts: this.#attempts };
  }

  /** Notes an attempt, when it was of this waiter. */
  tried(name: string, owner: string): void {
    if (name === this.name && owner === this.#owner) this.#attempts++;
  }

  /** The lock was let go. */
  ring(): void {
    this.#hear(true);
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || !this.#memory.waiters.has(this)) return false;
    if (this.#memory.holder(this.name) === undefined) return true;
    return new Promise((resolve) => {
      const over = (isNews: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        this.#hear = unheard;
        resolve(isNews);
      };

      const stop = (): void => over(false);
      const timer = setTimeout(stop, milliseconds);
      signal.addEventListener('abort', stop, { once: true });
      this.#hear = over;
    });
  }

  async end(): Promise<void> {
    this.#memory.waiters.delete(this);
    this.#hear(false);
    this.#left(this);
  }
}

function unheard(): void {
  // Nobody asks for news just now; who does next looks first.
}
