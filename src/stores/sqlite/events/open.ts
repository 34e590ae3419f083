import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { SqliteContext } from '../context.js';

import { type Deferred, deferred } from '../../../async.js';
import { type CachectlError, PartialError, TimeoutError, UnreachableError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { type Feed, openTail, type Session, type Tail } from '../../events/resuming-tail.js';
import { eventSourceNamed } from '../../events/sources.js';
import { EVENT_SOURCES, EVENTS, POLL } from './sources.js';
import { TailSession } from './tail-session.js';

/** Poll interval of the file's change counter, in milliseconds. A query takes some microseconds. */
const POLL_MS = 25;

/** How long removing the triggers of a lost session may block this process, in milliseconds. It is retried soon. */
const CLEANUP_MS = 100;

type Report = (events: readonly CacheEvent[]) => void;

/** @throws UnsupportedError for an unknown source */
export async function tail(context: SqliteContext, options: EventsOptions): Promise<Tail<CacheEvent>> {
  const { name } = eventSourceNamed('sqlite', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const report = (events: readonly CacheEvent[]): void => {
    for (const event of events) if (options.matches?.(event) !== false) queue.push(event);
  };

  return name === POLL.name
    ? openPolls(context, options, queue, report)
    : openTriggers(context, options, queue, report);
}

async function openPolls(
  context: SqliteContext,
  options: EventsOptions,
  queue: DroppingQueue<CacheEvent>,
  report: Report,
): Promise<Tail<CacheEvent>> {
  const [{ PollFeed }, { TablePoller }] = await Promise.all([
    import('../../events/poll-feed.js'),
    import('./table-poller.js'),
  ]);
  const { path, table } = context.profile;
  const poller = new TablePoller(context, options, report);
  return openTail([new PollFeed(poller, table, options, isTransient)], queue, options, () => ({
    source: `polls ${path} once a second or less often, and only reads: a poll after a change reads all rows under the prefix, and cachectl remembers the key, expiry and a hash of each; reads, attempts on locks and changes between two polls do not appear`,
    types: POLL.types,
  }));
}

/**
 * Events of all processes that change the cache's tables, recorded by triggers in the file. The triggers exist only
 * while the stream is open. Creates the file and the cache table if they are missing.
 */
async function openTriggers(
  context: SqliteContext,
  options: EventsOptions,
  queue: DroppingQueue<CacheEvent>,
  report: Report,
): Promise<Tail<CacheEvent>> {
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
    source: `triggers, added to ${context.profile.path} and removed at the end (--source poll adds nothing): writes, deletions, expiries and locks of every process; reads and failed attempts on locks do not appear, except the first attempts of cachectl`,
    types: EVENTS,
  }));
}

/** Reads the recorded changes on a timer. */
class PolledSession implements Session {
  readonly #session: TailSession;
  readonly #timeoutMs: number;
  readonly #options: EventsOptions;
  readonly #report: Report;
  readonly #ended: Deferred<CachectlError | undefined> = deferred();
  #heardAt = new Date();
  #timer: NodeJS.Timeout | undefined;

  constructor(session: TailSession, timeoutMs: number, options: EventsOptions, report: Report) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#options = options;
    this.#report = report;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    // SQLite is synchronous: once the signal's listeners have run, the triggers are gone.
    if (signal.aborted) this.#stop();
    else {
      signal.addEventListener('abort', this.#stop, { once: true });
      this.#schedule(0);
    }

    try {
      return await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', this.#stop);
    }
  }

  readonly #stop = (): void => {
    clearTimeout(this.#timer);
    try {
      this.#ended.resolve(this.#finish());
    } catch (error) {
      this.#ended.reject(error);
    }
  };

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      try {
        this.#schedule(this.#poll());
      } catch (error) {
        this.#ended.reject(error);
      }
    }, milliseconds);
  }

  /**
   * @returns the pause until the next poll, in milliseconds
   * @throws what ended the session, after removing its triggers
   */
  #poll(): number {
    try {
      return this.#read() ? 0 : POLL_MS;
    } catch (error) {
      // Another process is writing. That is harmless until the lease ends.
      if (error instanceof TimeoutError) return POLL_MS;
      try {
        this.#report(this.#session.end(CLEANUP_MS));
      } catch (error_) {
        // The next poll fails in the same way and tries again.
        if (error_ instanceof TimeoutError) return POLL_MS;
        this.#session.close();
        if (!isTransient(error_)) throw error_;
      }

      throw error;
    }
  }

  /** @returns whether there are probably more changes */
  #read(): boolean {
    const startedAt = new Date();
    const { events, isMore } = this.#session.read();
    this.#heardAt = startedAt;
    this.#report(events);
    return isMore;
  }

  #finish(): CachectlError | undefined {
    const lost = this.#lastRead();
    try {
      this.#report(this.#session.end(this.#timeoutMs));
    } catch (error) {
      this.#session.close();
      if (lost === undefined || error instanceof TimeoutError || !isTransient(error)) throw error;
    }

    if (lost !== undefined && (this.#options.onMissed === undefined || !isTransient(lost))) throw lost;
    return lost;
  }

  /** Read a last time. @returns what ended the session since the last poll */
  #lastRead(): CachectlError | undefined {
    try {
      this.#read();
      return undefined;
    } catch (error) {
      return error instanceof TimeoutError ? undefined : (error as CachectlError);
    }
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof PartialError || error instanceof UnreachableError || error instanceof TimeoutError;
}
