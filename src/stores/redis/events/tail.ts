import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Feed, Session as ResumableSession } from '../../events/resuming-tail.js';
import type { RedisContext } from '../context.js';

import { deferred, unlessAborted } from '../../../async.js';
import { translated } from '../errors.js';

/** Who hears what a session tells. */
export interface Hearer {
  tell(event: CacheEvent): void;
  /** It tells no more. */
  fail(error: CachectlError): void;
  /** It goes on, and something may have been missed. */
  missed(text: string): void;
}

/** One stay on the servers, which ends when one of them is lost. */
export interface Session {
  readonly source: string;
  readonly warning?: string | undefined;
  readonly types: readonly EventType[];
  /** Up to when it is known to have been told everything: a network that goes silent is noticed late. */
  readonly heardAt: Date;
  peek(keys: readonly string[]): Promise<readonly Reading[]>;
  /** Puts back what was switched on. Only once. */
  stop(): Promise<void>;
}

/** Resolves when it hears: nothing is missed from then on. The connections of the context are its own. */
export type OpenSession = (context: RedisContext, options: EventsOptions, hearer: Hearer) => Promise<Session>;

/** All servers of one cache, in sessions that listen to all of them. */
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

  /** Undefined while a server is lost. */
  get session(): Session | undefined {
    return this.#session;
  }

  async open(): Promise<ResumableSession> {
    const lost = deferred<never>();
    // It may be lost before anybody waits for that.
    lost.promise.catch(() => {});
    try {
      const session = await this.#open(withOwnConnections(this.#context), this.#options, {
        tell: this.#report,
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
      // A server that is gone has nothing to put back. On one that is not, the next session does it.
      await session.stop().catch(() => {});
      throw error;
    } finally {
      this.#session = undefined;
    }

    await session.stop();
    return undefined;
  }
}

/** Each session has its own, since those to a server that came back are of no use. */
function withOwnConnections(context: RedisContext): RedisContext {
  const connection = context.connection.copy();
  const sharesLocks = context.lockConnection === context.connection;
  return { ...context, connection, lockConnection: sharesLocks ? connection : context.lockConnection.copy() };
}
