import type { EventsOptions } from '../../contract/events.js';
import type { Feed, Session } from '../../events/resuming-tail.js';
import type { CollectionPoller } from './collection-poller.js';

import { pause } from '../../../async.js';
import { type CachectlError } from '../../../errors.js';
import { isTransient } from './retry.js';

/** Minimum pause between two polls, in milliseconds. */
const PAUSE_MS = 1000;

/** Polls take at most this share of the time, so that a large cache does not keep the server busy. */
const SHARE = 1 / 10;

/** Polls the collections. If a poll fails half-way, the next one continues. */
export class PollFeed implements Feed, Session {
  readonly subject: string;
  readonly isTransient = isTransient;
  readonly #poller: CollectionPoller;
  readonly #options: EventsOptions;
  #pauseMs = PAUSE_MS;
  #heardAt = new Date();

  constructor(poller: CollectionPoller, collection: string, options: EventsOptions) {
    this.subject = `short-lived entries of ${collection}`;
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
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    await this.#poller.poll(signal);
    this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - began) / SHARE);
    this.#heardAt = new Date();
  }
}
