import type { Redis } from 'ioredis';

import type { Connection } from '../connection.js';

import { RefusedError, UnreachableError } from '../../../errors.js';
import { translated } from '../errors.js';
import { BOOKKEEPING_KEY } from '../keys.js';
import { canonical, flagsOf, SETTING, union, WANTED } from './notification-flags.js';
import { checkStillOn, type Notifications } from './notifications.js';

/** A tail that turned notifications on. It is registered by the id of its connection. */
export class RegisteredTail implements Notifications {
  readonly isVerified = true;
  readonly #connection: Connection;
  #control: Redis;
  /** Undefined until registered: a tail that changes nothing does not need permission for INFO. */
  #name: string | undefined;
  /** The setting to restore if FLUSHDB removes the bookkeeping. */
  #restore: string | undefined;
  #checking: Promise<void> | undefined;
  #isOver = false;

  constructor(control: Redis, connection: Connection) {
    this.#control = control;
    this.#connection = connection;
  }

  reports(): boolean {
    return true;
  }

  async check(): Promise<void> {
    if (this.#isOver) return;
    this.#checking = checkStillOn(this.#connection).then(async () => this.#stayRegistered());
    await this.#checking;
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
    this.#isOver = true;
    await this.#checking?.catch(() => {
      // The caller of `check` gets the error.
    });
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

  /**
   * Others take this tail for ended if the server closes its connection, which is idle without these checks, or if
   * FLUSHDB removes the bookkeeping.
   */
  async #stayRegistered(): Promise<void> {
    try {
      if (await this.#isRegistered()) return;
      if (this.#control.status !== 'ready') await this.#reconnect();
      const former = this.#name!;
      this.#name = await listenerName(this.#control);
      await transaction(this.#control, [
        ['HSETNX', BOOKKEEPING_KEY, 'restore', this.#restore!],
        ['HDEL', BOOKKEEPING_KEY, former],
        ['HSET', BOOKKEEPING_KEY, this.#name, '1'],
      ]);
    } catch (error) {
      const known = translated(error, this.#connection.location);
      // A replica, or a full server. The tail still hears everything.
      if (!(known instanceof RefusedError)) throw known;
    }
  }

  /** False if the server closed the connection. */
  async #isRegistered(): Promise<boolean> {
    try {
      return (await this.#control.hget(BOOKKEEPING_KEY, this.#name!)) !== null;
    } catch (error) {
      if (this.#control.status === 'ready') throw error;
      return false;
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
