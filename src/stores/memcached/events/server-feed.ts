import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { Feed, Session } from '../../events/resuming-tail.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { deferred, unlessAborted, withTimeout } from '../../../async.js';
import { closed, notAnswered } from '../errors.js';
import { WatchSession } from './watch-session.js';
import { droppedError } from './watch.js';

/** Interval at which dropped events are summed up and reported, in milliseconds. */
const REPORT_INTERVAL_MS = 1000;

/** Time limit of the last check for dropped events, in milliseconds. */
const LAST_CHECK_MS = 1000;

/** The events of one server. */
export class ServerFeed implements Feed {
  readonly node: MetaNode;
  readonly #context: MemcachedContext;
  readonly #options: EventsOptions;
  readonly #report: (event: CacheEvent) => void;
  /** Undefined while the server is lost. */
  #session: WatchSession | undefined;
  #lostBy: CachectlError | undefined;
  /** Dropped events that are not reported yet. */
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(node: MetaNode, context: MemcachedContext, options: EventsOptions, report: (event: CacheEvent) => void) {
    this.node = node;
    this.#context = context;
    this.#options = options;
    this.#report = report;
  }

  get reportsDeletions(): boolean {
    return this.#session?.reportsDeletions === true;
  }

  /** @throws UnreachableError while the server is lost */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (this.#session === undefined) throw this.#lostBy ?? closed(this.node.location);
    return this.#session.read(keys);
  }

  async open(signal: AbortSignal): Promise<Session> {
    const lost = deferred<never>();
    // The session may fail before `run` awaits this promise.
    lost.promise.catch(() => {});
    const opening = WatchSession.open(this.node, this.#context, this.#options, {
      emit: this.#report,
      onDropped: (events) => this.#addDropped(events, lost.reject),
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
      return await this.#lastCheck(session);
    } catch (error) {
      this.#lostBy = error as CachectlError;
      throw error;
    } finally {
      this.#session = undefined;
      session.end();
      this.#reportDropped();
    }
  }

  /** Events dropped since the regular check would go unreported otherwise. */
  async #lastCheck(session: WatchSession): Promise<CachectlError | undefined> {
    if (this.#options.onMissed === undefined) return undefined;
    try {
      await withTimeout(session.check(), LAST_CHECK_MS, () => notAnswered(this.node.location));
      return undefined;
    } catch (error) {
      return error as CachectlError;
    }
  }

  #addDropped(events: number, fail: (error: CachectlError) => void): void {
    if (this.#options.onMissed === undefined) {
      fail(droppedError(this.node, events));
      return;
    }

    this.#dropped += events;
    this.#timer ??= setTimeout(() => this.#reportDropped(), REPORT_INTERVAL_MS);
  }

  #reportDropped(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#dropped;
    this.#dropped = 0;
    if (events > 0) this.#options.onMissed?.({ text: droppedError(this.node, events).message, events });
  }
}
