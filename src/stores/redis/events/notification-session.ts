import type { Redis } from 'ioredis';

import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { EventSink, Session } from './tail.js';

import { RefusedError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { isLaravelLockName } from '../../locks/names.js';
import { mayBeLockThere } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { translated } from '../errors.js';
import { TagResolver } from '../tags/resolver.js';
import { Batches } from './batches.js';
import { enrich } from './enricher.js';
import { channelPrefix, LOCK_TYPES, TYPES } from './keyspace-events.js';
import { closed } from './monitor-connection.js';
import { type NotifiedPlaces, turnOnPlaces, warningOf } from './notified-keys.js';
import { type Listener, RedisSession } from './session.js';
import { NOTIFIED } from './sources.js';

/** Report keyspace notifications. They carry no time, so each event is dated when it arrives. */
export async function openNotifications(
  context: RedisContext,
  options: EventsOptions,
  sink: EventSink,
): Promise<Session> {
  const notifications = await turnOnPlaces(context, options);
  const tags = options.tags ? new TagResolver(context) : undefined;

  /** Subscriber -> decoder -> enricher -> events. */
  async function listen(place: Connection, node: Node, signal: AbortSignal): Promise<Listener> {
    const isPlaceOfLocks = place === notifications.lockConnection;
    const channel = channelPrefix(place);
    const events = new Batches<CacheEvent>();
    const subscriber = await node.dedicated();
    subscriber.on('messageBuffer', (name: Buffer, key: Buffer) => {
      const event = decoded(name.subarray(channel.length).toString(), key, { context, options, isPlaceOfLocks });
      if (event !== undefined) events.push(event);
    });
    subscriber.on('end', () => events.end(closed(place, node)));
    const stop = (): void => {
      events.end();
      subscriber.disconnect();
    };

    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await subscriber.subscribe(...[...TYPES.keys()].map((name) => channel + name));
    } catch (error) {
      throw translated(error, place.location);
    }

    return {
      events: enrich(events, options, { tags }),
      check: async () => ping(subscriber, place.location),
    };
  }

  return RedisSession.open(context, sink, notifications, {
    source: sourceOf(notifications),
    warning: warningOf(notifications, UNVERIFIED),
    types: NOTIFIED.filter((type) => notifications.reports(type)),
    listen,
  });
}

/** Most providers forbid CONFIG. */
const UNVERIFIED =
  'cannot check whether keyspace notifications are on; if no events arrive, ask the provider to set ' +
  'notify-keyspace-events to Eg$xem';

function sourceOf({ lockConnection, locksUnreported, reports }: NotifiedPlaces): string {
  const unseen = [
    'hits',
    ...(reports('CacheMissed') ? [] : ['misses (notify-keyspace-events lacks m)']),
    'client names',
    'FLUSHDB',
  ];
  const locks =
    locksUnreported === undefined
      ? lockConnection === undefined
        ? "only keys named like Laravel's locks are reported as locks"
        : `keys in ${lockConnection.location} are reported as locks, except sessions`
      : 'locks are not reported';
  return `keyspace notifications: writes and deletions of all clients, but not ${unseen.join(', ')}; ${locks}`;
}

interface Seen {
  readonly context: RedisContext;
  readonly options: EventsOptions;
  /** Notifications carry no values, so every key in a place of locks is a lock unless its name is not a lock's. */
  readonly isPlaceOfLocks: boolean;
}

/** Undefined for anything that is not an event of this cache, or not wanted. */
function decoded(name: string, full: Buffer, { context, options, isPlaceOfLocks }: Seen): CacheEvent | undefined {
  const type = TYPES.get(name);
  const { keys } = context;
  const isOurs = keys.isOurs(full);
  if (type === undefined || (!isOurs && (!options.everything || keys.isBookkeeping(full)))) return undefined;
  const key = isOurs ? keys.short(full) : keyFromBytes(full);
  if (isTagSetKey(key)) return undefined;
  const isLock = isLaravelLockName(key) || (isPlaceOfLocks && mayBeLockThere(key));
  const reported = isLock ? LOCK_TYPES[type] : type;
  if (reported === undefined || options.wants?.(reported, key) === false) return undefined;
  return { time: new Date(), type: reported, key, ...(!isOurs && { isForeign: true as const }) };
}

/** A silent network does not close the connection. */
async function ping(subscriber: Redis, location: string): Promise<void> {
  try {
    await subscriber.ping();
  } catch (error) {
    const known = translated(error, location);
    // A refused PING is still an answer.
    if (!(known instanceof RefusedError)) throw known;
  }
}
