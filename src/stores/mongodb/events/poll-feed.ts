import type { EventsOptions } from '../../contract/events.js';
import type { Feed, Session } from '../../events/resuming-tail.js';
import type { PollLooks } from './poll-looks.js';

import { pause } from '../../../async.js';
import { type CachectlError } from '../../../errors.js';
import { isTransient } from './retry.js';

/** Between two looks, in milliseconds. */
const PAUSE_MS = 1000;

/** Looks take at most this share of the time, so that a large cache does not keep its server busy. */
const SHARE = 1 / 10;

/** Polls the collections. A look that failed half-way is continued by the next one. */
export class PollFeed implements Feed, Session {
  readonly subject: string;
  readonly isTransient = isTransient;
  readonly #looks: PollLooks;
  readonly #options: EventsOptions;
  #pauseMs = PAUSE_MS;
  #heardAt = new Date();

  constructor(looks: PollLooks, collection: string, options: EventsOptions) {
    this.subject = `short-lived entries of ${collection}`;
    this.#looks = looks;
    this.#options = options;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async open(): Promise<Session> {
    await this.#look(this.#options.signal);
    return this;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    try {
      for (;;) {
        await pause(this.#pauseMs, signal);
        if (signal.aborted) return undefined;
        await this.#look(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return error as CachectlError;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    await this.#looks.look(signal);
    this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - began) / SHARE);
    this.#heardAt = new Date();
  }
}
