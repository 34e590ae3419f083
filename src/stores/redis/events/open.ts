import type { EventsOptions } from '../../contract/events.js';
import type { RedisContext } from '../context.js';

import { eventSourceNamed } from '../../events/sources.js';
import { openMonitor } from './monitor-session.js';
import { openNotifications } from './notification-session.js';
import { EVENT_SOURCES } from './sources.js';
import { Tail } from './tail.js';

/**
 * Events from every server that keys live on. Ends with the signal, and puts back what was switched on. What cannot be
 * waited out ends it: RefusedError when somebody switches the notifications off; without `onMissed` also UnreachableError
 * when a connection is lost, TimeoutError when a server is silent.
 * @throws UnsupportedError of a source that there is not
 */
export async function tail(context: RedisContext, options: EventsOptions): Promise<Tail> {
  const { name } = eventSourceNamed('redis', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  return Tail.open(context, options, name === 'monitor' ? openMonitor : openNotifications);
}
