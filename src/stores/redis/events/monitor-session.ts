import type { EventsOptions, EventType } from '../../contract/events.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { EventSink, Session } from './tail.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';
import { lockPlaces, ruleAmongEntries } from '../locks/places.js';
import { TagResolver } from '../tags/resolver.js';
import { Callers } from './callers.js';
import { enrich } from './enricher.js';
import { TYPES } from './keyspace-events.js';
import { MonitorConnection } from './monitor-connection.js';
import { MonitorDecoder } from './monitor-decoder.js';
import { turnOnPlaces, warningOf } from './notified-keys.js';
import { type Listener, RedisSession } from './session.js';
import { MONITORED } from './sources.js';

/** The outcome of a lookup is known only from notifications. */
const OF_LOOKUPS: ReadonlySet<EventType> = new Set(['CacheHit', 'CacheMissed']);

/** `A` in that setting does not include `m`, which announces misses. */
const LACKS_MISSES = 'notify-keyspace-events lacks m (--enable adds it while the command runs)';

/** Report every command of every client from MONITOR, with its effect from keyspace notifications. */
export async function openMonitor(context: RedisContext, options: EventsOptions, sink: EventSink): Promise<Session> {
  const notifications = await turnOnPlaces(context, options);
  const announcesMisses = notifications.reports('CacheMissed');
  const { connection, keys, packing } = context;
  const tags = new TagResolver(context);

  /** Socket -> parser -> decoder -> enricher -> events. */
  async function listen(place: Connection, node: Node, signal: AbortSignal): Promise<Listener> {
    const printsAfterNotices = await isRedis7(node);
    const monitor = await MonitorConnection.open(place, node, {
      signal,
      mentioning: options.everything ? undefined : [Buffer.from(keys.prefix).toString('latin1')],
      keyspaceEvents: [...TYPES.keys()],
      silenceMs: printsAfterNotices ? SILENCE_MS : SILENCE_BEFORE_7_MS,
    });
    const callers = new Callers(node);
    const decoder = new MonitorDecoder(
      {
        keys,
        texts: packing.texts,
        database: place.database,
        rule: place === connection ? ruleAmongEntries(context) : lockPlaces(context)[0]!.rule,
        announcesMisses,
        printsAfterNotices,
      },
      options,
      { callers, tags },
    );
    return {
      events: enrich(decoder.decode(monitor.messages()), options, { tags: options.tags ? tags : undefined, callers }),
      // The mark also reveals the address of our own commands.
      check: async () => decoder.leaveOut(await monitor.mark()),
    };
  }

  return RedisSession.open(context, sink, notifications, {
    source:
      'MONITOR and keyspace notifications: all commands of all clients; while it runs, MONITOR can cost a busy ' +
      'server half of its throughput',
    warning: warningOf(notifications, 'cannot check whether keyspace notifications are on', [
      ...(announcesMisses ? [] : [`hits and misses are not reported: ${LACKS_MISSES}`]),
    ]),
    types: MONITORED.filter((type) => notifications.reports(type) && (announcesMisses || !OF_LOOKUPS.has(type))),
    listen,
  });
}

/**
 * How long a server must be silent before no more notices belong to its last message, in milliseconds. Before Redis 7
 * notices follow their command at once. Since Redis 7 they precede it, and the server may pause in between: a shorter
 * time would report a miss on its own and then the lookup as a hit.
 */
const SILENCE_MS = 1000;
const SILENCE_BEFORE_7_MS = 20;

/** Since Redis 7 a command is printed after it ran. */
async function isRedis7(node: Node): Promise<boolean> {
  try {
    const info = String(given(await node.call('INFO', 'server')));
    return Number(/redis_version:(\d+)/.exec(info)?.[1] ?? 7) >= 7;
  } catch (error) {
    // A server that forbids INFO is most likely a recent one.
    if (error instanceof RefusedError) return true;
    throw error;
  }
}
