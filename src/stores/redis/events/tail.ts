import { setTimeout as sleep } from 'node:timers/promises';

import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions, EventStream, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { RedisContext } from '../context.js';

import { TimeoutError, UnreachableError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
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

/** What a tail was asked for. */
interface Asked {
  readonly context: RedisContext;
  readonly options: EventsOptions;
  readonly open: OpenSession;
}

/** Pauses between attempts to be heard of again, in milliseconds: each twice the last. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** Session after session, for as long as somebody wants to be told. */
export class Tail implements EventStream {
  readonly source: string;
  readonly warning?: string;
  readonly types: readonly EventType[];
  readonly #context: RedisContext;
  readonly #options: EventsOptions;
  readonly #open: OpenSession;
  readonly #queue = new DroppingQueue<CacheEvent>();
  readonly #over = new AbortController();
  /** None while a server is lost. */
  #session: Session | undefined;
  #stopped: Promise<void> | undefined;
  #resuming: Promise<void> | undefined;
  #failure: Error | undefined;
  readonly #hearer: Relay;

  static async open(context: RedisContext, options: EventsOptions, open: OpenSession): Promise<Tail> {
    const hearer = new Relay();
    const session = await open(withOwnConnections(context), options, hearer);
    return new Tail({ context, options, open }, session, hearer);
  }

  private constructor({ context, options, open }: Asked, session: Session, hearer: Relay) {
    this.source = session.source;
    if (session.warning !== undefined) this.warning = session.warning;
    this.types = session.types;
    this.#context = context;
    this.#options = options;
    this.#open = open;
    this.#session = session;
    this.#hearer = hearer;
    hearer.relayTo({
      tell: (event) => this.#queue.push(event),
      fail: (error) => this.#lost(error),
      missed: (text) => options.onMissed?.({ text }),
    });
    // What goes wrong at the end is thrown by the iteration.
    options.signal.addEventListener('abort', async () => this.stop(), { once: true });
    // It may have come while the connections were made.
    if (options.signal.aborted) this.stop().catch(() => {});
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.#session?.peek(keys) ?? keys.map(() => undefined as Reading);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }

    if (this.#failure) throw this.#failure;
  }

  /** Ends the stream behind what waits to be read, and puts back what was switched on. Never throws; see the iteration. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#over.abort();
    this.#queue.end();
    await this.#resuming;
    try {
      await this.#session?.stop();
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  #lost(error: CachectlError): void {
    if (this.#over.signal.aborted || this.#resuming !== undefined) return;
    if (this.#options.onMissed === undefined || !canBeWaitedOut(error)) {
      this.#queue.fail(error);
      return;
    }

    this.#options.onLost?.(error);
    this.#resuming = this.#resume(error, this.#session?.heardAt ?? new Date()).finally(() => {
      this.#resuming = undefined;
    });
  }

  /** Never throws. */
  async #resume(why: CachectlError, since: Date): Promise<void> {
    // A server that is gone has nothing to put back; of one that is not, the next session does it.
    await this.#session?.stop().catch(() => {});
    this.#session = undefined;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#over.signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { signal: this.#over.signal }).catch(() => {
        // Stopped: looked at by the loop.
      });
      if (this.#over.signal.aborted) break;
      try {
        this.#session = await this.#open(withOwnConnections(this.#context), this.#options, this.#hearer);
        this.#sayMissed(why, since);
        return;
      } catch (error) {
        const known = translated(error, this.#context.connection.location);
        if (canBeWaitedOut(known)) continue;
        this.#queue.fail(known);
        return;
      }
    }

    this.#sayMissed(why, since);
  }

  #sayMissed({ message }: CachectlError, since: Date): void {
    const times = `from ${since.toISOString()} to ${new Date().toISOString()}`;
    this.#options.onMissed?.({ text: `${message}; what happened ${times} may have been missed` });
  }
}

/** Keeps what is said until there is somebody to say it to. */
class Relay implements Hearer {
  #waiting: Array<(hearer: Hearer) => void> = [];
  #hearer: Hearer | undefined;

  relayTo(hearer: Hearer): void {
    this.#hearer = hearer;
    for (const say of this.#waiting) say(hearer);
    this.#waiting = [];
  }

  tell(event: CacheEvent): void {
    if (this.#hearer) this.#hearer.tell(event);
    else this.#waiting.push((hearer) => hearer.tell(event));
  }

  fail(error: CachectlError): void {
    if (this.#hearer) this.#hearer.fail(error);
    else this.#waiting.push((hearer) => hearer.fail(error));
  }

  missed(text: string): void {
    if (this.#hearer) this.#hearer.missed(text);
    else this.#waiting.push((hearer) => hearer.missed(text));
  }
}

/** Of a server that came back the old ones are of no use. */
function withOwnConnections(context: RedisContext): RedisContext {
  const connection = context.connection.copy();
  const sharesLocks = context.lockConnection === context.connection;
  return { ...context, connection, lockConnection: sharesLocks ? connection : context.lockConnection.copy() };
}

function canBeWaitedOut(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TimeoutError;
}
