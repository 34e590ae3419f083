import type { CacheEvent, SourceOptions } from '../../contract/events.js';
import type { SqlContext } from '../context.js';

import { PollFeed } from '../../events/poll-feed.js';
import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { POLL } from './sources.js';
import { TablePoller } from './table-poller.js';

/** Polls, which need nothing but the right to read. */
export async function openPolls(context: SqlContext, options: SourceOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const report = (events: readonly CacheEvent[]): void => {
    for (const event of events) if (options.matches?.(event) !== false) queue.push(event);
  };

  const { tables } = context;
  const cache = tables.nameOf('cache');
  return openTail([new PollFeed(new TablePoller(context, options, report), cache, options)], queue, options, () => ({
    source: `polls ${cache} and ${tables.nameOf('locks')} once a second or less often, at most a tenth of the time, and only reads: each poll passes all rows under the prefix by the primary key, and cachectl remembers the key, expiry and a hash of each; reads, attempts on locks and changes between two polls do not appear`,
    types: POLL.types,
  }));
}
