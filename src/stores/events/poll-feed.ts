import type { CachectlError } from '../../errors.js';
import type { EventsOptions } from '../contract/events.js';
import type { Feed, Session } from './resuming-tail.js';

import { pause } from '../../async.js';

/** Compares what is stored with the last poll, and reports the differences. */
export interface Poller {
  /** Ends early if the signal is aborted. @throws CachectlError */
  poll(signal: AbortSignal): Promise<void>;
  /** Called at the end. */
  close?(): void;
}

/** Minimum pause between two polls, in milliseconds. */
const PAUSE_MS = 1000;

/** Polls take at most this share of the time, so that a large cache does not keep the server busy. */
const SHARE = 1 / 10;

/** Polls at intervals. If a poll fails half-way, the next one continues. */
export class PollFeed implements Feed, Session {
  readonly subject: string;
  readonly isTransient?: (error: CachectlError) => boolean;
  readonly #poller: Poller;
  readonly #options: EventsOptions;
  #pauseMs = PAUSE_MS;
  #heardAt = new Date();

  /** @param place the table or collection of entries, for messages */
  constructor(poller: Poller, place: string, options: EventsOptions, isTransient?: Feed['isTransient']) {
    this.subject = `short-lived entries of ${place}`;
    if (isTransient) this.isTransient = isTransient;
    this.#poller = poller;
    this.#options = options;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async open(): Promise<Session> {
    await this.#poll(this.#options.signal);
    return this;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    try {
      for (;;) {
        await pause(this.#pauseMs, signal);
        if (signal.aborted) return undefined;
        await this.#poll(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return error as CachectlError;
    } finally {
      if (signal.aborted) this.#poller.close?.();
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    await this.#poller.poll(signal);
    this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - began) / SHARE);
    this.#heardAt = new Date();
  }
}
