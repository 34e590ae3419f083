import { setTimeout as sleep } from 'node:timers/promises';

import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { TimeoutError, UnreachableError } from '../../../errors.js';
import { closed, notAnswered } from '../errors.js';
import { WatchSession } from './watch-session.js';
import { leftOutBy } from './watch.js';

/** Pauses between attempts to be heard of again, in milliseconds: each twice the last. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** For how long what a server left out is added up, in milliseconds. */
const ADD_UP_MS = 1000;

/** How long a server may take at the end to say whether it told all, in milliseconds. */
const LAST_CHECK_MS = 1000;

/** Who hears what the servers tell. */
export interface FeedHearer {
  tell(event: CacheEvent): void;
  fail(error: CachectlError): void;
}

/** What one server tells, in session after session, for as long as somebody wants to be told. */
export class ServerFeed {
  readonly #node: MetaNode;
  readonly #context: MemcachedContext;
  readonly #options: EventsOptions;
  readonly #hearer: FeedHearer;
  readonly #over = new AbortController();
  /** None while the server is lost. */
  #session: WatchSession | undefined;
  /** Why and since when it does not tell. */
  #gap: { readonly why: CachectlError; readonly since: Date } | undefined;
  /** How many events the server left out, and nobody has been told yet. */
  #leftOut = 0;
  #timer: NodeJS.Timeout | undefined;

  static async open(
    node: MetaNode,
    context: MemcachedContext,
    options: EventsOptions,
    hearer: FeedHearer,
  ): Promise<ServerFeed> {
    const feed = new ServerFeed(node, context, options, hearer);
    feed.#session = await feed.#open();
    return feed;
  }

  private constructor(node: MetaNode, context: MemcachedContext, options: EventsOptions, hearer: FeedHearer) {
    this.#node = node;
    this.#context = context;
    this.#options = options;
    this.#hearer = hearer;
  }

  get node(): MetaNode {
    return this.#node;
  }

  get tellsDeletions(): boolean {
    return this.#session?.tellsDeletions === true;
  }

  /** @throws UnreachableError while the server is lost; what else keeps items from being read */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (this.#session === undefined) throw this.#gap?.why ?? closed(this.#node.location);
    return this.#session.read(keys);
  }

  /** Tells what waits, and says what was missed up to now. Never throws. */
  async stop(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    await this.#checkLast();
    this.#end();
    this.#sayLeftOut();
    this.#sayMissed();
  }

  async #open(): Promise<WatchSession> {
    return WatchSession.open(this.#node, this.#context, this.#options, {
      tell: (event) => this.#hearer.tell(event),
      leftOut: (events) => this.#addUp(events),
      fail: (error) => this.#lost(error),
    });
  }

  #end(): void {
    const session = this.#session;
    // Before its end, which is a failure otherwise.
    this.#session = undefined;
    session?.end();
  }

  #lost(why: CachectlError): void {
    if (this.#session === undefined) return;
    const since = this.#session.heardAt;
    this.#end();
    if (this.#options.onMissed === undefined || !canBeWaitedOut(why)) {
      this.#hearer.fail(why);
      return;
    }

    this.#gap = { why, since };
    this.#options.onLost?.(why);
    this.#resume().catch((error: CachectlError) => this.#hearer.fail(error));
  }

  /** @throws what cannot be put right by waiting */
  async #resume(): Promise<void> {
    const { signal } = this.#over;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { signal }).catch(() => {
        // Stopped: looked at below.
      });
      if (signal.aborted) return;
      try {
        const session = await this.#open();
        if (signal.aborted) session.end();
        else this.#session = session;
        this.#sayMissed();
        return;
      } catch (error) {
        if (!canBeWaitedOut(error) && !signal.aborted) throw error;
      }
    }
  }

  /** What it left out since the last check would not be said otherwise. */
  async #checkLast(): Promise<void> {
    if (this.#session === undefined || this.#options.onMissed === undefined) return;
    const end = new AbortController();
    try {
      await Promise.race([this.#session.check(), this.#timesOut(end.signal)]);
    } catch (error) {
      const { message } = error as CachectlError;
      this.#options.onMissed({ text: `${message}; whether it told all up to the end is not known` });
    } finally {
      end.abort();
    }
  }

  async #timesOut(signal: AbortSignal): Promise<void> {
    await sleep(LAST_CHECK_MS, undefined, { signal }).catch(() => {
      // It answered.
    });
    if (!signal.aborted) throw notAnswered(this.#node.location);
  }

  #addUp(events: number): void {
    if (this.#options.onMissed === undefined) {
      this.#end();
      this.#hearer.fail(leftOutBy(this.#node, events));
      return;
    }

    this.#leftOut += events;
    this.#timer ??= setTimeout(() => this.#sayLeftOut(), ADD_UP_MS);
  }

  #sayLeftOut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#leftOut;
    this.#leftOut = 0;
    if (events > 0) this.#options.onMissed?.({ text: leftOutBy(this.#node, events).message, events });
  }

  #sayMissed(): void {
    if (this.#gap === undefined) return;
    const { why, since } = this.#gap;
    this.#gap = undefined;
    const times = `from ${since.toISOString()} to ${new Date().toISOString()}`;
    this.#options.onMissed?.({ text: `${why.message}; what happened ${times} may have been missed` });
  }
}

function canBeWaitedOut(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TimeoutError;
}
