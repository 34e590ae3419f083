import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Place } from './collection-changes.js';

import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { eventSourceNamed } from '../../events/sources.js';
import { Teller } from './emitter.js';
import { EVENT_SOURCES, POLL, STREAM } from './sources.js';

/** @throws UnsupportedError for a source that does not exist, or that the server lacks */
export async function tail(context: MongodbContext, options: EventsOptions): Promise<Tail<CacheEvent>> {
  const { name } = eventSourceNamed('mongodb', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const teller = new Teller(context.prefix, options, (event) => queue.push(event));
  return name === POLL.name ? openPolls(context, options, teller, queue) : openStreams(context, options, teller, queue);
}

async function openPolls(
  context: MongodbContext,
  options: EventsOptions,
  teller: Teller,
  queue: DroppingQueue<CacheEvent>,
): Promise<Tail<CacheEvent>> {
  const [{ PollFeed }, { PollLooks }] = await Promise.all([import('./poll-feed.js'), import('./poll-looks.js')]);
  const { collection, lockCollection } = context.connection.profile;
  const feed = new PollFeed(new PollLooks(context, options, teller), collection, options);
  return openTail([feed], queue, options, () => ({
    source: `looks at ${collection} and ${lockCollection}, a second or more apart: reads all entries under the prefix each time, and remembers of each its key, expiry and a hash; what comes and goes between two looks, hits and misses are not told`,
    types: POLL.types,
  }));
}

const PLACES: readonly Place[] = ['entries', 'locks'];

async function openStreams(
  { connection }: MongodbContext,
  options: EventsOptions,
  teller: Teller,
  queue: DroppingQueue<CacheEvent>,
): Promise<Tail<CacheEvent>> {
  const [{ tellChange }, { ChangeFeed }] = await Promise.all([
    import('./change-decoder.js'),
    import('./change-feed.js'),
  ]);
  const now = await connection.run(async (deployment) => deployment.now);
  const feeds = PLACES.map(
    (place) => new ChangeFeed(connection, place, options, (change) => tellChange(place, change, teller, now)),
  );
  const { collection, lockCollection } = connection.profile;
  return openTail(feeds, queue, options, () => ({
    source: `change streams of ${collection} and ${lockCollection}: writes, deletions (also of what expired) and locks of every client; hits, misses, clients and waiters do not appear`,
    types: STREAM.types,
  }));
}
