import type { EventType } from '../../contract/events.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { Notifications } from './notifications.js';

import { RefusedError } from '../../../errors.js';
import { turnOn } from './notification-setting.js';

/** Notifications for the entries, and for locks on another connection. */
export interface NotifiedPlaces extends Notifications {
  /** Undefined if locks are stored with the entries, or are not reported. */
  readonly lockConnection: Connection | undefined;
  /** Why locks on another connection are not reported, for people. */
  readonly locksUnreported: string | undefined;
}

const OF_LOCKS: ReadonlySet<EventType> = new Set(['LockAcquired', 'LockContended', 'LockReleased']);

/**
 * Turn notifications on for entries and locks. If the lock server does not send them, locks are left out and the tail
 * still runs.
 * @throws RefusedError if notifications for entries are off and `enable` is false
 */
export async function turnOnPlaces(context: RedisContext, options: { enable: boolean }): Promise<NotifiedPlaces> {
  const cache = await turnOn(context.connection, options);
  const { lockConnection } = context;
  if (lockConnection.location === context.connection.location) return together([cache]);
  try {
    return together([cache, await turnOn(lockConnection, options)], { lockConnection });
  } catch (error) {
    if (error instanceof RefusedError) return together([cache], { locksUnreported: error.message });
    await cache.restore();
    throw error;
  }
}

/** @param unverified the warning if the setting cannot be read */
export function warningOf(
  { isVerified, locksUnreported }: NotifiedPlaces,
  unverified: string,
  more: readonly string[] = [],
): string | undefined {
  const warnings = [
    ...more,
    ...(isVerified ? [] : [unverified]),
    ...(locksUnreported === undefined ? [] : [`locks are not reported: ${locksUnreported}`]),
  ];
  return warnings.length === 0 ? undefined : warnings.join('; ');
}

function together(
  places: readonly [cache: Notifications, ...locks: Notifications[]],
  { lockConnection, locksUnreported }: Partial<Pick<NotifiedPlaces, 'lockConnection' | 'locksUnreported'>> = {},
): NotifiedPlaces {
  const [cache] = places;
  return {
    lockConnection,
    locksUnreported,
    isVerified: places.every((place) => place.isVerified),
    reports: (type) => (locksUnreported === undefined || !OF_LOCKS.has(type)) && cache.reports(type),
    async check() {
      for (const place of places) await place.check();
    },
    async restore() {
      const outcomes = await Promise.allSettled(places.map(async (place) => place.restore()));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
