import type { EventType } from '../../contract/events.js';
import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { flagsOfNode, has, NEEDED, SETTING } from './notification-flags.js';

/** The notification setting of a server while a tail runs. */
export interface Notifications {
  /** False if CONFIG is forbidden and the setting is only assumed. */
  readonly isVerified: boolean;
  reports(type: EventType): boolean;
  /** @throws RefusedError if notifications were turned off since, because no more events would arrive */
  check(): Promise<void>;
  /** Restore the previous setting unless other tails still need it. Does nothing if the setting was not changed. */
  restore(): Promise<void>;
}

/** Notifications that were on already, and stay on. */
export function fixed(flags: string, connection: Connection): Notifications {
  return {
    isVerified: true,
    reports: (type) => (type === 'CacheMissed' ? has(flags, 'm') : type === 'KeyEvicted' ? has(flags, 'e') : true),
    check: async () => checkStillOn(connection),
    restore: doNothing,
  };
}

/** Without CONFIG, the setting can only be assumed. */
export function unverified(): Notifications {
  return { isVerified: false, reports: () => true, check: doNothing, restore: doNothing };
}

async function doNothing(): Promise<void> {
  // The setting was not changed, or cannot be read.
}

/** @throws RefusedError if a server no longer sends notifications */
export async function checkStillOn(connection: Connection): Promise<void> {
  for (const node of await connection.nodes()) {
    const flags = await flagsOfNode(node);
    if (flags === undefined || has(flags, NEEDED)) continue;
    throw new RefusedError(
      `${connection.location} stopped sending keyspace notifications: ${SETTING} was set to "${flags}"`,
      'Events may have been missed. Start the command again with --enable.',
    );
  }
}
