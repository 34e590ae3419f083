import type { CacheEvent, EventsOptions, EventStream } from '../../contract/events.js';
import type { SqliteContext } from '../context.js';

import { PartialError, TimeoutError, UnreachableError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { eventSourceNamed } from '../../events/sources.js';
import { EVENT_SOURCES, EVENTS } from './sources.js';
import { TailSession } from './tail-session.js';

/** How often the file is asked whether it changed, in milliseconds; a question costs some microseconds. */
const POLL_MS = 25;

/** The longest pause between two attempts to be heard of again, in milliseconds; the first is POLL_MS, each twice the last. */
const LONGEST_PAUSE_MS = 2000;

/** How long leaving behind what hears no more may block this process, in milliseconds; the next attempt comes soon. */
const LEAVE_MS = 100;

/**
 * Needs no setting of a server, so it does not look at `enable`: triggers are in the file while the stream lives, and
 * nothing is after. Makes file and cache table when there are none.
 * @throws UnsupportedError of a source that there is not
 */
export async function tail(context: SqliteContext, options: EventsOptions): Promise<Tail> {
  eventSourceNamed('sqlite', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  return new Tail(context, options);
}

/** What any process does to the cache's tables, as triggers in the file note it. Read by a timer, whether or not somebody reads this. */
export class Tail implements EventStream {
  readonly source: string;
  readonly types = EVENTS;
  readonly #context: SqliteContext;
  readonly #options: EventsOptions;
  readonly #queue = new DroppingQueue<CacheEvent>();
  /** None while the file does not tell. */
  #session: TailSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = POLL_MS;
  #lastLook = new Date();
  /** Why and since when it does not tell. */
  #gap: { readonly since: Date; readonly why: string } | undefined;
  #stopped = false;
  #failure: Error | undefined;

  constructor(context: SqliteContext, options: EventsOptions) {
    this.source = `triggers in ${context.profile.path}: writes, deletions, expiries and locks of every process; not told are reads, and who tried in vain for a lock, save for cachectl’s first tries`;
    this.#context = context;
    this.#options = options;
    this.#session = TailSession.begin(context, options);
    // SQLite is synchronous: when the signal's listeners have run, nothing of this tail is in the file.
    options.signal.addEventListener('abort', this.stop, { once: true });
    this.#schedule(0);
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      this.stop();
    }

    if (this.#failure) throw this.#failure;
  }

  /** Takes everything out of the file. What goes wrong here is thrown by the iteration. */
  readonly stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.stop);
    this.#lookOnceMore();
    try {
      this.#tell(this.#session?.end(this.#context.timeoutMs) ?? []);
    } catch (error) {
      this.#failure ??= error as Error;
      this.#session?.close();
    }

    this.#sayMissed();
    this.#queue.end();
  };

  /** It may not tell any more, without anybody having noticed yet. */
  #lookOnceMore(): void {
    if (this.#session === undefined || this.#failure !== undefined) return;
    try {
      this.#look(this.#session);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      try {
        const pauseMs = this.#session === undefined ? this.#resume() : this.#look(this.#session);
        if (!this.#stopped) this.#schedule(pauseMs);
      } catch (error) {
        this.#failure = error as Error;
        this.stop();
      }
    }, milliseconds);
  }

  /** Gives how long to pause then, in milliseconds. */
  #look(session: TailSession): number {
    try {
      const begun = new Date();
      const { events, isMore } = session.look();
      this.#lastLook = begun;
      this.#tell(events);
      return isMore ? 0 : POLL_MS;
    } catch (error) {
      // Another process is writing; the lease says for how long that may be waited out.
      if (error instanceof TimeoutError) return POLL_MS;
      if (this.#options.onMissed === undefined || !canBeWaitedOut(error)) throw error;
      const why = error instanceof PartialError ? error.message : `events were missed: ${error.message}`;
      if (!this.#stopped) this.#options.onLost?.(error);
      this.#gap = { since: this.#lastLook, why };
      return this.#leave(session);
    }
  }

  #leave(session: TailSession): number {
    try {
      this.#tell(session.end(LEAVE_MS));
    } catch (error) {
      // The next look fails as this one did, and comes here again.
      if (error instanceof TimeoutError) return POLL_MS;
      if (!canBeWaitedOut(error)) throw error;
      session.close();
    }

    this.#session = undefined;
    this.#pauseMs = POLL_MS;
    return POLL_MS;
  }

  #resume(): number {
    try {
      this.#session = TailSession.resume(this.#context, this.#options);
    } catch (error) {
      if (!(error instanceof TimeoutError) && !canBeWaitedOut(error)) throw error;
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      return this.#pauseMs;
    }

    this.#sayMissed();
    return 0;
  }

  #sayMissed(): void {
    if (this.#gap === undefined) return;
    const { since, why } = this.#gap;
    this.#gap = undefined;
    this.#options.onMissed?.({ text: `${why}, from ${since.toISOString()} to ${new Date().toISOString()}` });
  }

  #tell(events: readonly CacheEvent[]): void {
    for (const event of events) if (this.#options.matches?.(event) !== false) this.#queue.push(event);
  }
}

function canBeWaitedOut(error: unknown): error is PartialError | UnreachableError {
  return error instanceof PartialError || error instanceof UnreachableError;
}
