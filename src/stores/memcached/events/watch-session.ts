import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { Peek } from '../listing/peek.js';
import { addressesAt, Callers, CONNECTIONS } from './callers.js';
import { Narrator } from './watch-lines.js';
import { keepChecking, Watch } from './watch.js';

/** What a watch asks for to be told of deletions (from Memcached 1.6.20 on). */
export const DELETIONS = 'deletions';

const WORDS = 'fetchers mutations evictions';

/** The most telling first. */
const WORDINGS = [`${WORDS} ${CONNECTIONS} ${DELETIONS}`, `${WORDS} ${CONNECTIONS}`, WORDS];

/** Who hears what a session tells. */
export interface Hearer {
  tell(event: CacheEvent): void;
  leftOut(events: number): void;
  /** It tells no more. */
  fail(error: CachectlError): void;
}

/** One stay on one server: its watch, and what becomes of what that tells. */
export class WatchSession {
  readonly #watch: Watch;
  readonly #narrator: Narrator;
  readonly #peek: Peek;
  readonly #endChecks: () => void;

  /** Resolves when it hears. @throws what `Watch.open` does */
  static async open(
    node: MetaNode,
    context: MemcachedContext,
    asked: EventsOptions,
    hearer: Hearer,
  ): Promise<WatchSession> {
    const [peek, callers] = [new Peek(node, context.timeoutMs), new Callers(node)];
    const narrator = new Narrator({
      keys: context.keys,
      asked,
      callers,
      isOwn: (connection, key) => peek.isOwn(connection, key),
      tell: (event) => hearer.tell(event),
    });
    const before = await addressesAt(node);
    let isUp = false;
    let failure: CachectlError | undefined;
    const watch = await Watch.open(node, WORDINGS, {
      hear(line) {
        narrator.hear(line);
      },
      async leftOut(events) {
        hearer.leftOut(events);
        await callers.forget();
      },
      fail(error) {
        failure = error;
        if (isUp) hearer.fail(error);
      },
    });
    if (watch.words.includes(CONNECTIONS)) callers.begin(before, await addressesAt(node));
    if (failure !== undefined) throw failure;
    isUp = true;
    return new WatchSession(watch, narrator, peek, hearer);
  }

  private constructor(watch: Watch, narrator: Narrator, peek: Peek, hearer: Hearer) {
    this.#watch = watch;
    this.#narrator = narrator;
    this.#peek = peek;
    this.#endChecks = keepChecking([watch], (error) => hearer.fail(error));
  }

  get tellsDeletions(): boolean {
    return this.#watch.words.includes(DELETIONS);
  }

  /** Up to when the server is known to have been there. */
  get heardAt(): Date {
    return this.#watch.heardAt;
  }

  /** Without being told of. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    return this.#peek.read(keys);
  }

  /** Whether the server told all; see `Watch.check`. */
  async check(): Promise<void> {
    await this.#watch.check();
  }

  /** Tells what waits. The hearer hears of the end as of any other. */
  end(): void {
    this.#endChecks();
    this.#narrator.end();
    this.#watch.end();
    this.#peek.end();
  }
}
