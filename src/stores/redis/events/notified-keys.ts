import type { EventType } from '../../contract/events.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { type Notifications, switchOn } from './notification-setting.js';

/** Where notifications are heard from: of what lies in the cache, and of locks that live on another connection. */
export interface NotifiedPlaces extends Notifications {
  /** Undefined where locks lie among the entries, or are not heard of. */
  readonly lockConnection: Connection | undefined;
  /** Why locks that live elsewhere are not heard of, in a line for people. */
  readonly locksUntold: string | undefined;
}

const OF_LOCKS: ReadonlySet<EventType> = new Set(['LockAcquired', 'LockContended', 'LockReleased']);

/**
 * As `switchOn`, of the place of the cache. Locks elsewhere are left out where that server does not announce what happens:
 * what only the cache is asked is told all the same.
 * @throws RefusedError when the notifications are off and `enable` is not there to switch them on
 */
export async function switchOnPlaces(context: RedisContext, options: { enable: boolean }): Promise<NotifiedPlaces> {
  const cache = await switchOn(context.connection, options);
  const { lockConnection } = context;
  if (lockConnection.location === context.connection.location) return together([cache]);
  try {
    return together([cache, await switchOn(lockConnection, options)], { lockConnection });
  } catch (error) {
    if (error instanceof RefusedError) return together([cache], { locksUntold: error.message });
    await cache.switchBack();
    throw error;
  }
}

/** @param unverified the warning where it cannot be seen whether notifications are on */
export function warningOf(
  { isVerified, locksUntold }: NotifiedPlaces,
  unverified: string,
  more: readonly string[] = [],
): string | undefined {
  const warnings = [
    ...more,
    ...(isVerified ? [] : [unverified]),
    ...(locksUntold === undefined ? [] : [`locks are not reported: ${locksUntold}`]),
  ];
  return warnings.length === 0 ? undefined : warnings.join('; ');
}

function together(
  places: readonly [cache: Notifications, ...locks: Notifications[]],
  { lockConnection, locksUntold }: Partial<Pick<NotifiedPlaces, 'lockConnection' | 'locksUntold'>> = {},
): NotifiedPlaces {
  const [cache] = places;
  return {
    lockConnection,
    locksUntold,
    isVerified: places.every((place) => place.isVerified),
    tells: (type) => (locksUntold === undefined || !OF_LOCKS.has(type)) && cache.tells(type),
    async check() {
      for (const place of places) await place.check();
    },
    async switchBack() {
      const outcomes = await Promise.allSettled(places.map(async (place) => place.switchBack()));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
