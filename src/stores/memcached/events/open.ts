import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MemcachedContext } from '../context.js';

import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { readEntries } from '../readings.js';
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
      // Over connections that the watches ignore.
      peek: async (keys) =>
        readEntries(
          context,
          keys,
          (key) => context.keys.full(key),
          async (node, full) => feeds.find((feed) => feed.node === node)!.read(full),
        ),
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
