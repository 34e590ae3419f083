import type { Redis } from 'ioredis';

import type { EventType } from '../../contract/events.js';
import type { Connection } from '../connection.js';

import { CachectlError, RefusedError, UnreachableError, UnsupportedError } from '../../../errors.js';
import { isUnavailable, translated } from '../errors.js';
import { BOOKKEEPING_KEY } from '../keys.js';
import {
  canonical,
  clusterCommand,
  flagsOf,
  flagsOfNode,
  has,
  NEEDED,
  SETTING,
  union,
  WANTED,
  withWanted,
} from './notification-flags.js';

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

/** A tail that turned notifications on. It is registered by the id of its connection. */
class RegisteredTail implements Notifications {
  readonly isVerified = true;
  readonly #connection: Connection;
  #control: Redis;
  /** Undefined until registered: a tail that changes nothing does not need permission for INFO. */
  #name: string | undefined;
  /** The setting to restore if FLUSHDB removes the bookkeeping. */
  #restore: string | undefined;

  constructor(control: Redis, connection: Connection) {
    this.#control = control;
    this.#connection = connection;
  }

  reports(): boolean {
    return true;
  }

  async check(): Promise<void> {
    await checkStillOn(this.#connection);
  }

  /** Register and change the setting in one step, so that no other tail can restore it in between. */
  async register(): Promise<this> {
    const name = await listenerName(this.#control);
    this.#name = name;
    for (;;) {
      await this.#control.watch(BOOKKEEPING_KEY);
      const current = (await flagsOf(this.#control)) ?? '';
      const replies = await transaction(this.#control, [
        ['HSETNX', BOOKKEEPING_KEY, 'restore', current],
        ['HSET', BOOKKEEPING_KEY, name, '1'],
        ['CONFIG', 'SET', SETTING, union(current, WANTED)],
        ['HGET', BOOKKEEPING_KEY, 'restore'],
      ]);
      if (replies === undefined) continue;
      this.#restore = replies.at(-1) as string;
      return this;
    }
  }

  async restore(): Promise<void> {
    try {
      // The server may have closed this idle connection and still have the setting.
      if (this.#control.status !== 'ready') await this.#reconnect();
      if (this.#name !== undefined) await this.#control.hdel(BOOKKEEPING_KEY, this.#name);
      await this.restoreLeftOver();
    } catch (error) {
      const known = translated(error, this.#connection.location);
      // A server that is down has lost the setting, too.
      if (!(known instanceof UnreachableError)) throw known;
    } finally {
      this.#control.disconnect();
    }
  }

  async #reconnect(): Promise<void> {
    this.#control = await this.#connection.dedicated();
    if (this.#connection.database !== 0) await this.#control.select(0);
  }

  /** The setting to restore; undefined if nothing is registered or a tail still runs. */
  async left(): Promise<string | undefined> {
    const { restore, ...listeners } = await this.#control.hgetall(BOOKKEEPING_KEY);
    return restore === undefined || (await this.#anyAlive(Object.keys(listeners))) ? undefined : restore;
  }

  /** Restore the setting if no registered tail is alive. @returns whether one is */
  async restoreLeftOver(): Promise<boolean> {
    for (;;) {
      await this.#control.watch(BOOKKEEPING_KEY);
      const { restore = this.#restore, ...listeners } = await this.#control.hgetall(BOOKKEEPING_KEY);
      const othersListen = restore !== undefined && (await this.#anyAlive(Object.keys(listeners)));
      if (restore === undefined || othersListen) {
        await this.#control.unwatch();
        return othersListen;
      }

      // Keep the setting if someone changed it since.
      const isOurs = (await flagsOf(this.#control)) === canonical(union(restore, WANTED));
      const step: Transaction = [['DEL', BOOKKEEPING_KEY]];
      if (isOurs) step.push(['CONFIG', 'SET', SETTING, restore]);
      if ((await transaction(this.#control, step)) === undefined) continue;
      return false;
    }
  }

  async #anyAlive(names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return false;
    const server = await serverId(this.#control);
    const clients = String(await this.#control.client('LIST'));
    const ids = new Set([...clients.matchAll(/^id=(\d+) /gm)].map(([, id]) => `${server}:${id}`));
    return names.some((name) => ids.has(name));
  }
}

type Transaction = Array<[name: string, ...args: string[]]>;

/**
 * Run commands in one transaction; undefined if a watched key changed and nothing was done. MULTI is sent alone: if it
 * were refused in one write with the commands, the server would run them anyway.
 */
async function transaction(control: Redis, commands: Transaction): Promise<unknown[] | undefined> {
  await control.multi({ pipeline: false });
  // If one is refused here, the server refuses EXEC.
  for (const command of commands) await control.call(...command);
  const replies = await control.exec();
  for (const [error] of replies ?? []) if (error) throw error;
  return replies?.map(([, reply]) => reply);
}

/** Unique across restarts of the server, which restarts its client ids at 1. */
async function listenerName(control: Redis): Promise<string> {
  return `${await serverId(control)}:${await control.client('ID')}`;
}

async function serverId(control: Redis): Promise<string> {
  return /run_id:(\w+)/.exec(await control.info('server'))?.[1] ?? '';
}

/** A read-only user, or one on a replica, cannot restore the setting. The next tail will. */
function leaveToOthers(error: unknown): false {
  if (!(translated(error, '') instanceof RefusedError)) throw error;
  return false;
}

/** The flags of every node; undefined if CONFIG is forbidden. */
async function flagsOfNodes(connection: Connection): Promise<readonly string[] | undefined> {
  const all: string[] = [];
  for (const node of await connection.nodes()) {
    const flags = await flagsOfNode(node);
    if (flags === undefined) return undefined;
    all.push(flags);
  }

  return all;
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

/** @throws RefusedError if a server no longer sends notifications */
async function checkStillOn(connection: Connection): Promise<void> {
  for (const node of await connection.nodes()) {
    const flags = await flagsOfNode(node);
    if (flags === undefined || has(flags, NEEDED)) continue;
    throw new RefusedError(
      `${connection.location} stopped sending keyspace notifications: ${SETTING} was set to "${flags}"`,
      'Events may have been missed. Start the command again with --enable.',
    );
  }
}

/** Notifications that were on already, and stay on. */
function fixed(flags: string, connection: Connection): Notifications {
  return {
    isVerified: true,
    reports: (type) => (type === 'CacheMissed' ? has(flags, 'm') : type === 'KeyEvicted' ? has(flags, 'e') : true),
    check: async () => checkStillOn(connection),
    restore: doNothing,
  };
}

/** Without CONFIG, the setting can only be assumed. */
function unverified(): Notifications {
  return { isVerified: false, reports: () => true, check: doNothing, restore: doNothing };
}

async function doNothing(): Promise<void> {
  // The setting was not changed, or cannot be read.
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
