import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { SqliteContext } from '../context.js';

import { type Deferred, deferred } from '../../../async.js';
import { type CachectlError, PartialError, TimeoutError, UnreachableError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { type Feed, openTail, type Session, type Tail } from '../../events/resuming-tail.js';
import { EVENTS } from './sources.js';
import { TailSession } from './tail-session.js';

/** Poll interval of the file's change counter, in milliseconds. A query takes some microseconds. */
const POLL_MS = 25;

/** How long removing the triggers of a lost session may block this process, in milliseconds. The next attempt comes soon. */
const LEAVE_MS = 100;

/**
 * What any process does to the cache's tables, as triggers in the file record it. The triggers exist only while the stream
 * is open. Creates file and cache table if they are missing.
 */
export async function tail(context: SqliteContext, options: EventsOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const report = (events: readonly CacheEvent[]): void => {
    for (const event of events) if (options.matches?.(event) !== false) queue.push(event);
  };

  let open = TailSession.begin;
  const feed: Feed = {
    isTransient,
    async open() {
      const session = open(context, options);
      open = TailSession.resume;
      return new PolledSession(session, context.timeoutMs, options, report);
    },
  };
  return openTail([feed], queue, options, () => ({
    source: `triggers in ${context.profile.path}: writes, deletions, expiries and locks of every process; reads and failed attempts on locks do not appear, except the first attempts of cachectl`,
    types: EVENTS,
  }));
}

/** Reads the recorded changes on a timer. */
class PolledSession implements Session {
  readonly #session: TailSession;
  readonly #timeoutMs: number;
  readonly #options: EventsOptions;
  readonly #report: (events: readonly CacheEvent[]) => void;
  readonly #over: Deferred<CachectlError | undefined> = deferred();
  #heardAt = new Date();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    session: TailSession,
    timeoutMs: number,
    options: EventsOptions,
    report: (events: readonly CacheEvent[]) => void,
  ) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#options = options;
    this.#report = report;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    // SQLite is synchronous: once the signal's listeners have run, the file holds nothing of this tail.
    if (signal.aborted) this.#stop();
    else {
      signal.addEventListener('abort', this.#stop, { once: true });
      this.#schedule(0);
    }

    try {
      return await this.#over.promise;
    } finally {
      signal.removeEventListener('abort', this.#stop);
    }
  }

  readonly #stop = (): void => {
    clearTimeout(this.#timer);
    try {
      this.#over.resolve(this.#finish());
    } catch (error) {
      this.#over.reject(error);
    }
  };

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      try {
        this.#schedule(this.#poll());
      } catch (error) {
        this.#over.reject(error);
      }
    }, milliseconds);
  }

  /** Returns how long to pause then, in milliseconds. @throws what ended the session, once the file holds nothing of it */
  #poll(): number {
    try {
      return this.#look() ? 0 : POLL_MS;
    } catch (error) {
      // Another process is writing. The lease bounds for how long that is harmless.
      if (error instanceof TimeoutError) return POLL_MS;
      try {
        this.#report(this.#session.end(LEAVE_MS));
      } catch (error_) {
        // The next poll fails as this one did, and comes here again.
        if (error_ instanceof TimeoutError) return POLL_MS;
        this.#session.close();
        if (!isTransient(error_)) throw error_;
      }

      throw error;
    }
  }

  /** Returns whether more is likely to wait. */
  #look(): boolean {
    const begun = new Date();
    const { events, isMore } = this.#session.look();
    this.#heardAt = begun;
    this.#report(events);
    return isMore;
  }

  #finish(): CachectlError | undefined {
    const lost = this.#lostNow();
    try {
      this.#report(this.#session.end(this.#timeoutMs));
    } catch (error) {
      this.#session.close();
      if (lost === undefined || error instanceof TimeoutError || !isTransient(error)) throw error;
    }

    if (lost !== undefined && (this.#options.onMissed === undefined || !isTransient(lost))) throw lost;
    return lost;
  }

  /** What ended the session unnoticed since the last poll. */
  #lostNow(): CachectlError | undefined {
    try {
      this.#look();
      return undefined;
    } catch (error) {
      return error instanceof TimeoutError ? undefined : (error as CachectlError);
    }
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof PartialError || error instanceof UnreachableError || error instanceof TimeoutError;
}
