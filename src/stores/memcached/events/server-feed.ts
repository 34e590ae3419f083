import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { Feed, Session } from '../../events/resuming-tail.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { deferred, unlessAborted, withTimeout } from '../../../async.js';
import { closed, notAnswered } from '../errors.js';
import { WatchSession } from './watch-session.js';
import { leftOutBy } from './watch.js';

/** For how long dropped events are added up before they are reported, in milliseconds. */
const ADD_UP_MS = 1000;

/** How long a server may take at the end to say whether it reported everything, in milliseconds. */
const LAST_CHECK_MS = 1000;

/** What one server reports. */
export class ServerFeed implements Feed {
  readonly node: MetaNode;
  readonly #context: MemcachedContext;
  readonly #options: EventsOptions;
  readonly #report: (event: CacheEvent) => void;
  /** Undefined while the server is lost. */
  #session: WatchSession | undefined;
  #lostBy: CachectlError | undefined;
  /** How many events the server dropped, as far as not reported yet. */
  #leftOut = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(node: MetaNode, context: MemcachedContext, options: EventsOptions, report: (event: CacheEvent) => void) {
    this.node = node;
    this.#context = context;
    this.#options = options;
    this.#report = report;
  }

  get tellsDeletions(): boolean {
    return this.#session?.tellsDeletions === true;
  }

  /** @throws UnreachableError while the server is lost; what else keeps items from being read */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (this.#session === undefined) throw this.#lostBy ?? closed(this.node.location);
    return this.#session.read(keys);
  }

  async open(signal: AbortSignal): Promise<Session> {
    const lost = deferred<never>();
    // It may be lost before anybody waits for that.
    lost.promise.catch(() => {});
    const opening = WatchSession.open(this.node, this.#context, this.#options, {
      tell: this.#report,
      leftOut: (events) => this.#addUp(events, lost.reject),
      fail: lost.reject,
    });
    const session = await unlessAborted(opening, signal);
    if (session === undefined) {
      opening.then((late) => late.end()).catch(() => {});
      throw signal.reason;
    }

    this.#session = session;
    return {
      get heardAt() {
        return session.heardAt;
      },
      run: async (ended) => this.#run(session, lost.promise, ended),
    };
  }

  async #run(session: WatchSession, lost: Promise<never>, signal: AbortSignal): Promise<CachectlError | undefined> {
    try {
      await unlessAborted(lost, signal);
      return await this.#lostNow(session);
    } catch (error) {
      this.#lostBy = error as CachectlError;
      throw error;
    } finally {
      this.#session = undefined;
      session.end();
      this.#reportLeftOut();
    }
  }

  /** What it dropped since the last check would go unreported otherwise. */
  async #lostNow(session: WatchSession): Promise<CachectlError | undefined> {
    if (this.#options.onMissed === undefined) return undefined;
    try {
      await withTimeout(session.check(), LAST_CHECK_MS, () => notAnswered(this.node.location));
      return undefined;
    } catch (error) {
      return error as CachectlError;
    }
  }

  #addUp(events: number, fail: (error: CachectlError) => void): void {
    if (this.#options.onMissed === undefined) {
      fail(leftOutBy(this.node, events));
      return;
    }

    this.#leftOut += events;
    this.#timer ??= setTimeout(() => this.#reportLeftOut(), ADD_UP_MS);
  }

  #reportLeftOut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#leftOut;
    this.#leftOut = 0;
    if (events > 0) this.#options.onMissed?.({ text: leftOutBy(this.node, events).message, events });
  }
}
