import type { Redis } from 'ioredis';

import type { Connection } from '../connection.js';

import { CachectlError, RefusedError, UnsupportedError } from '../../../errors.js';
import { isUnavailable, translated } from '../errors.js';
import { BOOKKEEPING_KEY } from '../keys.js';
import {
  clusterCommand,
  flagsOf,
  flagsOfNodes,
  has,
  NEEDED,
  SETTING,
  WANTED,
  withWanted,
} from './notification-flags.js';
import { fixed, type Notifications, unverified } from './notifications.js';
import { RegisteredTail } from './registered-tail.js';

/** Turn notifications on. @throws RefusedError if they are off and `enable` is false */
export async function turnOn(connection: Connection, { enable }: { enable: boolean }): Promise<Notifications> {
  if (connection.isCluster) return clusterNotifications(connection, enable);
  // Detect a single node of a cluster before changing its settings.
  await connection.nodes();
  const control = await connection.dedicated();
  try {
    if (connection.database !== 0) await control.select(0);
    const tail = new RegisteredTail(control, connection);
    const { current, othersListen } = await atOneMoment(control, tail);
    if (current === undefined) {
      control.disconnect();
      return unverified();
    }

    // If other tails turned them on, register too, or they will be turned off again.
    if (has(current, NEEDED) && (!enable || (has(current, WANTED) && !othersListen))) {
      control.disconnect();
      return fixed(current, connection);
    }

    if (!enable) throw notOn(connection.location, current);
    return await tail.register().catch((error: unknown) => {
      throw isNoKey(error) ? noBookkeeping(connection.location) : error;
    });
  } catch (error) {
    control.disconnect();
    throw error instanceof CachectlError ? error : translated(error, connection.location);
  }
}

/**
 * The flags, and whether other tails listen. Restores what a killed tail left. A tail that registers in between changes
 * the flags; they would be taken for the administrator's, and this tail would go deaf when that one ends.
 */
async function atOneMoment(
  control: Redis,
  tail: RegisteredTail,
): Promise<{ readonly current: string | undefined; readonly othersListen: boolean }> {
  for (;;) {
    const current = await flagsOf(control);
    const othersListen = await tail.restoreLeftOver().catch(leaveToOthers);
    if ((await flagsOf(control)) === current) return { current, othersListen };
  }
}

/** The setting, of an insufficient node if there is one, and the missing flags. Undefined if CONFIG is forbidden. */
export async function wantedFlags(
  connection: Connection,
): Promise<undefined | { readonly set: string; readonly lacking: string; readonly isEnough: boolean }> {
  const settings = await flagsOfNodes(connection);
  if (settings === undefined) return undefined;
  const lacking = [...WANTED].filter((flag) => settings.some((flags) => !has(flags, flag))).join('');
  const notEnough = settings.find((flags) => !has(flags, NEEDED));
  return { set: notEnough ?? settings[0] ?? '', lacking, isEnough: notEnough === undefined };
}

/** The setting that a killed tail left behind. Undefined if there is none or it cannot be checked. */
export async function leftOver(
  connection: Connection,
): Promise<undefined | { readonly key: string; readonly restore: string }> {
  return withRegistry(connection, async (tail) => {
    const restore = await tail.left();
    return restore === undefined ? undefined : { key: BOOKKEEPING_KEY, restore };
  });
}

/** Restore the setting that a killed tail left behind. Does nothing if another tail still runs. */
export async function restoreLeftOverSetting(connection: Connection): Promise<void> {
  await withRegistry(connection, async (tail) => tail.restoreLeftOver());
}

/** Undefined if the user may not read the setting. */
async function withRegistry<T>(
  connection: Connection,
  work: (tail: RegisteredTail) => Promise<T>,
): Promise<T | undefined> {
  const control = await connection.dedicated();
  try {
    if (connection.database !== 0) await control.select(0);
    return await work(new RegisteredTail(control, connection));
  } catch (error) {
    const known = error instanceof CachectlError ? error : translated(error, connection.location);
    if (isUnavailable(known)) return undefined;
    throw known;
  } finally {
    control.disconnect();
  }
}

/** A read-only user, or one on a replica, cannot restore the setting. The next tail will. */
function leaveToOthers(error: unknown): false {
  if (!(translated(error, '') instanceof RefusedError)) throw error;
  return false;
}

async function clusterNotifications(connection: Connection, enable: boolean): Promise<Notifications> {
  const settings = await flagsOfNodes(connection);
  if (settings === undefined) return unverified();
  const lacking = settings.find((flags) => !has(flags, NEEDED));
  const onAllNodes = [...WANTED].filter((flag) => settings.every((flags) => has(flags, flag))).join('');
  if (lacking === undefined) return fixed(onAllNodes, connection);
  const hint = clusterCommand(settings.join(''));
  if (!enable) throw new RefusedError(isOff(connection.location, lacking), hint);
  throw new UnsupportedError('--enable does not work on a Redis cluster', hint);
}

function notOn(location: string, flags: string): RefusedError {
  return new RefusedError(
    isOff(location, flags),
    `--enable sets it to ${withWanted(flags)} while this runs, which costs the server some CPU, and then restores it.`,
  );
}

/** An ACL rule for the keys of an application does not include cachectl's own key. */
function isNoKey(error: unknown): boolean {
  return error instanceof Error && /^NOPERM .*\bkeys?\b/.test(error.message);
}

function noBookkeeping(location: string): RefusedError {
  return new RefusedError(
    `${location} refuses this user the key ${BOOKKEEPING_KEY} of database 0, where --enable keeps the setting to restore`,
    `An administrator can grant it: ACL SETUSER NAME ~${BOOKKEEPING_KEY}`,
  );
}

function isOff(location: string, flags: string): string {
  return `${location} does not send keyspace notifications: ${SETTING} is "${flags}"`;
}
