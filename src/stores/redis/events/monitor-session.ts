import type { EventsOptions, EventType } from '../../contract/events.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { Hearer, Session } from './tail.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';
import { lockPlaces, ruleAmongEntries } from '../locks/places.js';
import { TagResolver } from '../tags/resolver.js';
import { Callers } from './callers.js';
import { enrich } from './enricher.js';
import { TYPES } from './keyspace-events.js';
import { MonitorConnection } from './monitor-connection.js';
import { MonitorDecoder } from './monitor-decoder.js';
import { switchOnPlaces, warningOf } from './notified-keys.js';
import { type Listener, RedisSession } from './session.js';
import { MONITORED } from './sources.js';

/** Whether a lookup found something is known from the notifications only. */
const OF_LOOKUPS: ReadonlySet<EventType> = new Set(['CacheHit', 'CacheMissed']);

/** `A` of that setting does not include `m`, which has the server announce misses. */
const LACKS_MISSES = 'notify-keyspace-events lacks m (--enable adds it while the command runs)';

/** Every command of every client, from MONITOR, with what came of each, from keyspace notifications. */
export async function openMonitor(context: RedisContext, options: EventsOptions, hearer: Hearer): Promise<Session> {
  const notifications = await switchOnPlaces(context, options);
  const announcesMisses = notifications.tells('CacheMissed');
  const { connection, keys, packing } = context;
  const tags = new TagResolver(context);

  /** Socket, parser, decoder, enricher, events. */
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
      // The mark also says where our own commands come from.
      check: async () => decoder.leaveOut(await monitor.mark()),
    };
  }

  return RedisSession.open(context, hearer, notifications, {
    source:
      'MONITOR and keyspace notifications: what every client does; while it runs, printing every command may cost a busy ' +
      'server half of its throughput',
    warning: warningOf(notifications, 'cannot see whether keyspace notifications are on', [
      ...(announcesMisses ? [] : [`hits and misses are not reported: ${LACKS_MISSES}`]),
    ]),
    types: MONITORED.filter((type) => notifications.tells(type) && (announcesMisses || !OF_LOOKUPS.has(type))),
    listen,
  });
}

/**
 * How long a server is silent before nothing more belongs to its last message, in milliseconds. Before Redis 7 notices
 * follow their command at once. Since then notices wait for their command, however long the server pauses between the two:
 * without it a miss would be reported by itself, and then the lookup as a hit.
 */
const SILENCE_MS = 1000;
const SILENCE_BEFORE_7_MS = 20;

/** Since Redis 7 a command is printed once it has been carried out. */
async function isRedis7(node: Node): Promise<boolean> {
  try {
    const info = String(given(await node.call('INFO', 'server')));
    return Number(/redis_version:(\d+)/.exec(info)?.[1] ?? 7) >= 7;
  } catch (error) {
    // A server on which INFO is forbidden is most likely a recent one.
    if (error instanceof RefusedError) return true;
    throw error;
  }
}
