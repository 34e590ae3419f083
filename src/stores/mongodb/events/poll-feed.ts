import type { EventsOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Teller } from './emitter.js';
import type { Feed } from './sources.js';

import { type CachectlError } from '../../../errors.js';
import { PollLooks } from './poll-looks.js';
import { canBeWaitedOut, GrowingPause, pause } from './retry.js';
import { POLL } from './sources.js';

/** Between two looks, in milliseconds. */
const PAUSE_MS = 1000;

/** Looks take this part of the time at most, so that a large cache does not keep its server busy. */
const SHARE = 1 / 10;

/** Events from looking again and again at what is there. */
export class PollFeed implements Feed {
  readonly types = POLL.types;
  readonly source: string;
  readonly #options: EventsOptions;
  readonly #looks: PollLooks;
  readonly #collection: string;
  #pauseMs = PAUSE_MS;
  #lookedAt = new Date();

  constructor(context: MongodbContext, options: EventsOptions, teller: Teller) {
    const { collection, lockCollection } = context.connection.profile;
    this.source = `looks at ${collection} and ${lockCollection}, a second or more apart: reads all entries under the prefix each time, and remembers of each its key, expiry and a hash; what comes and goes between two looks, hits and misses are not told`;
    this.#collection = collection;
    this.#options = options;
    this.#looks = new PollLooks(context, options, teller);
  }

  async start(): Promise<void> {
    await this.#look(this.#options.signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#pauseMs, signal);
      if (signal.aborted) return;
      try {
        await this.#look(signal);
      } catch (error) {
        await this.#goOn(signal, error as CachectlError);
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    await this.#looks.look(signal);
    this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - began) / SHARE);
    this.#lookedAt = new Date();
  }

  /** Looks until the server answers again. */
  async #goOn(signal: AbortSignal, why: CachectlError): Promise<void> {
    const { onMissed } = this.#options;
    const since = this.#lookedAt;
    const growing = new GrowingPause();
    for (let error = why; ;) {
      if (onMissed === undefined || !canBeWaitedOut(error)) throw error;
      if (error === why) this.#options.onLost?.(why);
      await growing.next(signal);
      if (signal.aborted) break;
      try {
        await this.#look(signal);
        break;
      } catch (error_) {
        error = error_ as CachectlError;
      }
    }

    onMissed({
      text: `what came and went in ${this.#collection} was missed: ${why.message}, from ${since.toISOString()} to ${new Date().toISOString()}`,
    });
  }
}
