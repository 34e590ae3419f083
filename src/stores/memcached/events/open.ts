import type { Reading } from '../../contract/entries.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MemcachedContext } from '../context.js';
import type { Item } from '../protocol/node.js';

import { UsageError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { ServerFeed } from './server-feed.js';
import { ALWAYS, EVENTS } from './sources.js';

/**
 * Events as the `watch` command of every server reports them. Without `onMissed` the iteration also throws PartialError
 * when a server dropped events.
 */
export async function tail(context: MemcachedContext, options: EventsOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const report = (event: CacheEvent): void => {
    if (options.matches?.(event) !== false) queue.push(event);
  };

  const feeds = context.connection.metaNodes.map((node) => new ServerFeed(node, context, options, report));
  return openTail(feeds, queue, options, () => {
    const reportsDeletions = feeds.every((feed) => feed.reportsDeletions);
    return {
      source: sourceText(reportsDeletions),
      types: reportsDeletions ? EVENTS : ALWAYS,
      peek: async (keys) => peek(context, feeds, keys),
    };
  });
}

function sourceText(reportsDeletions: boolean): string {
  const reported = reportsDeletions ? 'lookups, writes, deletions and evictions' : 'lookups, writes and evictions';
  const lookups = reportsDeletions ? 'increments and touches' : 'increments, touches and deletions';
  const deletions = reportsDeletions ? '' : ' (deletions are reported from Memcached 1.6.20)';
  const locks = 'locks are recognized by Laravel’s lock names';
  return `watch: ${reported} of every client; ${lookups} appear as lookups${deletions}; ${locks}; expiry and flush_all do not appear`;
}

/** The full key of an entry. */
interface Place {
  readonly full: Buffer;
}

/** Read entries over connections that the watches ignore. */
async function peek(
  { connection, keys: naming, values }: MemcachedContext,
  feeds: readonly ServerFeed[],
  keys: readonly string[],
): Promise<readonly Reading[]> {
  const places = keys.map((key): Error | Place => {
    try {
      return { full: naming.full(key) };
    } catch (error) {
      if (error instanceof UsageError) return error;
      throw error;
    }
  });
  const readable = places.filter((place): place is Place => !(place instanceof Error));
  const answers = await connection.spread(readable, async (node, share) =>
    feeds.find((feed) => feed.node === node)!.read(share.map(({ full }) => full)),
  );
  const found = new Map<Place, Error | Item | undefined>(readable.map((place, index) => [place, answers[index]]));
  return Promise.all(
    places.map(async (place): Promise<Reading> => {
      const answer = place instanceof Error ? place : found.get(place);
      return answer === undefined || answer instanceof Error ? answer : values.entry(answer);
    }),
  );
}
