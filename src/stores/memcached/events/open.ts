import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions, EventStream, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Item } from '../protocol/node.js';

import { UnsupportedError, UsageError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { eventSourceNamed } from '../../events/sources.js';
import { ServerFeed } from './server-feed.js';
import { ALWAYS, EVENT_SOURCES, EVENTS } from './sources.js';

/**
 * Events as every server's `watch` tells them. Ends with the signal. What cannot be waited out ends it: RefusedError of a
 * server that lets itself be watched no more; without `onMissed` also UnreachableError when a connection is lost,
 * TimeoutError when a server is silent, PartialError when one left events out.
 * @throws UnsupportedError without meta commands, and of a source that there is not
 */
export async function tail(context: MemcachedContext, options: EventsOptions): Promise<Tail> {
  if (context.connection.metaNodes.length === 0) {
    const where = context.connection.protocol === 'classic' ? 'by protocol: classic' : 'behind SASL';
    throw new UnsupportedError(
      `the memcached store has no events ${where}: servers cannot be watched there`,
      'Use a profile of the Memcached servers themselves, without a proxy or SASL; or watch the application.',
    );
  }

  eventSourceNamed('memcached', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  return Tail.open(context, options);
}

/** Of an entry. */
interface Place {
  readonly full: Buffer;
}

export class Tail implements EventStream {
  readonly #context: MemcachedContext;
  readonly #options: EventsOptions;
  readonly #queue = new DroppingQueue<CacheEvent>();
  readonly #feeds: ServerFeed[] = [];
  #tellsDeletions = false;
  #stopped: Promise<void> | undefined;
  #isUp = false;
  /** What ended one server's feed while those of others were being opened. */
  #failure: CachectlError | undefined;

  static async open(context: MemcachedContext, options: EventsOptions): Promise<Tail> {
    const opened = new Tail(context, options);
    try {
      await opened.#begin();
    } catch (error) {
      await opened.stop();
      throw error;
    }

    options.signal.addEventListener('abort', opened.stop, { once: true });
    // It may have come while the connections were made.
    if (options.signal.aborted) await opened.stop();
    return opened;
  }

  private constructor(context: MemcachedContext, options: EventsOptions) {
    this.#context = context;
    this.#options = options;
  }

  get types(): readonly EventType[] {
    return this.#tellsDeletions ? EVENTS : ALWAYS;
  }

  get source(): string {
    const told = this.#tellsDeletions ? 'lookups, writes, deletions and evictions' : 'lookups, writes and evictions';
    const others = this.#tellsDeletions ? 'touching' : 'touching and deleting (deletions: from Memcached 1.6.20)';
    const locks = 'locks are those that bear a name of Laravel’s families';
    return `watch: ${told} of every client; counting is told as a lookup, so is ${others}; ${locks}; not told are expiry and flush_all`;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** By connections that the watches leave out. */
  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    const { connection, values } = this.#context;
    const places = keys.map((key) => this.#placeOf(key));
    const asked = places.filter((place): place is Place => !(place instanceof Error));
    const answers = await connection.spread(asked, async (node, share) =>
      this.#feeds.find((feed) => feed.node === node)!.read(share.map(({ full }) => full)),
    );
    const found = new Map<Place, Error | Item | undefined>(asked.map((place, index) => [place, answers[index]]));
    return Promise.all(
      places.map(async (place): Promise<Reading> => {
        const answer = place instanceof Error ? place : found.get(place);
        return answer === undefined || answer instanceof Error ? answer : values.entry(answer);
      }),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }
  }

  /** Ends the stream behind what waits to be read, and what the servers say of what was missed. Never throws. */
  readonly stop = async (): Promise<void> => {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  };

  async #stop(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.stop);
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
    this.#queue.end();
  }

  async #begin(): Promise<void> {
    const { connection } = this.#context;
    for (const node of connection.metaNodes) {
      this.#feeds.push(
        await ServerFeed.open(node, this.#context, this.#options, {
          tell: (event) => this.#tell(event),
          fail: (error) => this.#fail(error),
        }),
      );
      if (this.#failure !== undefined) throw this.#failure;
    }

    this.#isUp = true;

    this.#tellsDeletions = this.#feeds.every(({ tellsDeletions }) => tellsDeletions);
  }

  #tell(event: CacheEvent): void {
    if (this.#options.matches?.(event) !== false) this.#queue.push(event);
  }

  #fail(error: CachectlError): void {
    if (!this.#isUp) {
      this.#failure ??= error;
      return;
    }

    this.#queue.fail(error);
    // It never throws.
    this.stop().catch(() => {});
  }

  #placeOf(key: string): Error | Place {
    try {
      return { full: this.#context.keys.full(key) };
    } catch (error) {
      if (error instanceof UsageError) return error;
      throw error;
    }
  }
}
