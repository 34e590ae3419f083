import type { Reading } from '../../contract/entries.js';
import type { CacheEvent, SourceOptions } from '../../contract/events.js';
import type { RedisContext } from '../context.js';

import { DroppingQueue } from '../../events/queue.js';
import { openTail, type Tail } from '../../events/resuming-tail.js';
import { openMonitor } from './monitor-session.js';
import { openNotifications } from './notification-session.js';
import { RedisFeed } from './tail.js';

/**
 * Report events from every server that holds keys. Ends with the signal and restores changed settings.
 * The iteration throws RefusedError if notifications are turned off
 */
export async function tail(context: RedisContext, options: SourceOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  const queue = new DroppingQueue<CacheEvent>();
  const openSession = options.source === 'monitor' ? openMonitor : openNotifications;
  const feed = new RedisFeed(context, options, (event) => queue.push(event), openSession);
  return openTail([feed], queue, options, () => {
    const { source, warning, types } = feed.session!;
    const peek = async (keys: readonly string[]): Promise<readonly Reading[]> =>
      feed.session?.peek(keys) ?? keys.map((): Reading => undefined);
    return { source, warning, types, peek };
  });
}
