import type { CacheEvent, EventsOptions, SourceOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { CollectionRole } from '../deployment.js';

import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { Emitter } from './emitter.js';
import { isTransient } from './retry.js';
import { POLL, STREAM } from './sources.js';

/** @throws UnsupportedError if the server does not have the source */
export async function tail(context: MongodbContext, options: SourceOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const emitter = new Emitter(context.prefix, options, (event) => queue.push(event));
  return options.source === POLL.name
    ? openPolls(context, options, emitter, queue)
    : openStreams(context, options, emitter, queue);
}

async function openPolls(
  context: MongodbContext,
  options: EventsOptions,
  emitter: Emitter,
  queue: DroppingQueue<CacheEvent>,
): Promise<Tail<CacheEvent>> {
  const [{ PollFeed }, { CollectionPoller }] = await Promise.all([
    import('../../events/poll-feed.js'),
    import('./collection-poller.js'),
  ]);
  const { collection, lockCollection } = context.connection.profile;
  const feed = new PollFeed(new CollectionPoller(context, options, emitter), collection, options, isTransient);
  return openTail([feed], queue, options, () => ({
    source: `polls ${collection} and ${lockCollection} once a second or less often: each poll reads all entries under the prefix, and cachectl remembers the key, expiry and a hash of each; hits, misses and changes between two polls do not appear`,
    types: POLL.types,
  }));
}

const ROLES: readonly CollectionRole[] = ['entries', 'locks'];

async function openStreams(
  { connection }: MongodbContext,
  options: EventsOptions,
  emitter: Emitter,
  queue: DroppingQueue<CacheEvent>,
): Promise<Tail<CacheEvent>> {
  const [{ emitChange }, { ChangeFeed }] = await Promise.all([
    import('./change-decoder.js'),
    import('./change-feed.js'),
  ]);
  const now = await connection.run(async (deployment) => deployment.now);
  const feeds = ROLES.map(
    (role) => new ChangeFeed(connection, role, options, (change) => emitChange(role, change, emitter, now)),
  );
  const { collection, lockCollection } = connection.profile;
  return openTail(feeds, queue, options, () => ({
    source: `change streams of ${collection} and ${lockCollection}: writes, deletions (of expired entries too) and locks of every client; hits, misses, client addresses and waiters do not appear`,
    types: STREAM.types,
  }));
}
