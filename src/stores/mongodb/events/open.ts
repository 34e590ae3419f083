import type { CacheEvent, EventsOptions, EventStream, EventType } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Feed } from './sources.js';

import { DroppingQueue } from '../../events/queue.js';
import { eventSourceNamed } from '../../events/sources.js';
import { ChangeFeed } from './change-feed.js';
import { Teller } from './emitter.js';
import { PollFeed } from './poll-feed.js';
import { EVENT_SOURCES, POLL } from './sources.js';

/**
 * Needs no setting of a server, so it does not look at `enable`.
 * @throws UnsupportedError of a source that there is not, or that the server does not have
 */
export async function tail(context: MongodbContext, options: EventsOptions): Promise<Tail> {
  const { name } = eventSourceNamed('mongodb', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const teller = new Teller(context.prefix, options, (event) => queue.push(event));
  const feed = new (name === POLL.name ? PollFeed : ChangeFeed)(context, options, teller);
  await feed.start();
  return new Tail(feed, queue, options.signal);
}

/** Goes on whether or not somebody reads. */
export class Tail implements EventStream {
  readonly source: string;
  readonly types: readonly EventType[];
  readonly #queue: DroppingQueue<CacheEvent>;
  readonly #ended = new AbortController();
  readonly #over: Promise<void>;

  constructor(feed: Feed, queue: DroppingQueue<CacheEvent>, signal: AbortSignal) {
    this.source = feed.source;
    this.types = feed.types;
    this.#queue = queue;
    this.#over = this.#run(feed, AbortSignal.any([signal, this.#ended.signal]));
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }
  }

  /** Never throws. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#over;
  }

  async #run(feed: Feed, signal: AbortSignal): Promise<void> {
    try {
      await feed.run(signal);
      this.#queue.end();
    } catch (error) {
      this.#queue.fail(error as Error);
    }
  }
}
