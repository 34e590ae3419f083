import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Feed, Session as ResumableSession } from '../../events/resuming-tail.js';
import type { RedisContext } from '../context.js';

import { deferred, unlessAborted } from '../../../async.js';
import { translated } from '../errors.js';

/** Receives what a session reports. */
export interface EventSink {
  push(event: CacheEvent): void;
  /** The session has failed and reports nothing more. */
  fail(error: CachectlError): void;
  /** The session continues, but events may have been missed. */
  missed(text: string): void;
}

/** A connection to all servers, which ends when one of them is lost. */
export interface Session {
  readonly source: string;
  readonly warning?: string | undefined;
  readonly types: readonly EventType[];
  /** Until this time all events were certainly received. A silent network is noticed late. */
  readonly heardAt: Date;
  peek(keys: readonly string[]): Promise<readonly Reading[]>;
  /** Restore changed settings. Call it once. */
  stop(): Promise<void>;
}

/** Once resolved, no event is missed. The session owns the connections of the context. */
export type OpenSession = (context: RedisContext, options: EventsOptions, sink: EventSink) => Promise<Session>;

/** Watches all servers of a cache, in one session after another. */
export class RedisFeed implements Feed {
  readonly #context: RedisContext;
  readonly #options: EventsOptions;
  readonly #report: (event: CacheEvent) => void;
  readonly #open: OpenSession;
  #session: Session | undefined;

  constructor(
    context: RedisContext,
    options: EventsOptions,
    report: (event: CacheEvent) => void,
    openSession: OpenSession,
  ) {
    this.#context = context;
    this.#options = options;
    this.#report = report;
    this.#open = openSession;
  }

  /** Undefined while a server is unreachable. */
  get session(): Session | undefined {
    return this.#session;
  }

  async open(): Promise<ResumableSession> {
    const lost = deferred<never>();
    // The session may fail before `run` waits for it.
    lost.promise.catch(() => {});
    try {
      const session = await this.#open(withOwnConnections(this.#context), this.#options, {
        push: this.#report,
        fail: lost.reject,
        missed: (text) => this.#options.onMissed?.({ text }),
      });
      this.#session = session;
      return {
        get heardAt() {
          return session.heardAt;
        },
        run: async (signal) => this.#run(session, lost.promise, signal),
      };
    } catch (error) {
      throw translated(error, this.#context.connection.location);
    }
  }

  async #run(session: Session, lost: Promise<never>, signal: AbortSignal): Promise<undefined> {
    try {
      await unlessAborted(lost, signal);
    } catch (error) {
      // A server that is down has nothing to restore; otherwise the next session restores it.
      await session.stop().catch(() => {});
      throw error;
    } finally {
      this.#session = undefined;
    }

    await session.stop();
    return undefined;
  }
}

/** Each session opens its own connections, because those of a failed one cannot be used. */
function withOwnConnections(context: RedisContext): RedisContext {
  const connection = context.connection.copy();
  const sharesLocks = context.lockConnection === context.connection;
  return { ...context, connection, lockConnection: sharesLocks ? connection : context.lockConnection.copy() };
}
