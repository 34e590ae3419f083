import type { Redis } from 'ioredis';

import type { EventType } from '../../contract/events.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';

import { CachectlError, RefusedError, UnreachableError, UnsupportedError } from '../../../errors.js';
import { isUnavailable, translated } from '../errors.js';
import { BOOKKEEPING_KEY } from '../keys.js';

/** The server's setting, as long as somebody listens. */
export interface Notifications {
  /** Whether they are on was seen, rather than taken for granted. */
  readonly isVerified: boolean;
  tells(type: EventType): boolean;
  /** @throws RefusedError when somebody has switched them off: from then on nothing would be heard, and nothing said */
  check(): Promise<void>;
  /** The setting as it was before, unless others still listen. Does nothing when nothing was switched on. */
  switchBack(): Promise<void>;
}

const SETTING = 'notify-keyspace-events';

/** By-event channels of generic commands, strings, expiries; evictions and misses. */
const WANTED = 'Eg$xem';

/** Without these the tail would leave out what it claims to tell. */
const NEEDED = 'Eg$x';

/** What `A` stands for. */
const ALL = 'g$lshzxetd';

/** @throws RefusedError when the notifications are off and `enable` is not there to switch them on */
export async function switchOn(connection: Connection, { enable }: { enable: boolean }): Promise<Notifications> {
  if (connection.isCluster) return clusterNotifications(connection, enable);
  // One of several is refused before its settings are touched.
  await connection.nodes();
  const control = await connection.dedicated();
  try {
    if (connection.database !== 0) await control.select(0);
    const listener = new Listener(control, connection);
    const othersListen = await listener.putBackWhatWasLeft().catch(leaveToOthers);
    const current = await setting(control);
    if (current === undefined) {
      control.disconnect();
      return unverified();
    }

    // What others switched on they put back, unless we are written down, too.
    if (has(current, NEEDED) && (!enable || (has(current, WANTED) && !othersListen))) {
      control.disconnect();
      return fixed(current, connection);
    }

    if (!enable) throw notOn(connection.location, current);
    return await listener.listen();
  } catch (error) {
    control.disconnect();
    throw error instanceof CachectlError ? error : translated(error, connection.location);
  }
}

/** What the setting is, on one that has not enough of it if there is one, and what any lacks for a tail; undefined where it cannot be seen. */
export async function wantedFlags(
  connection: Connection,
): Promise<undefined | { readonly set: string; readonly lacking: string; readonly isEnough: boolean }> {
  const settings: string[] = [];
  for (const node of await connection.nodes()) {
    const flags = await settingOf(node);
    if (flags === undefined) return undefined;
    settings.push(flags);
  }

  const lacking = [...WANTED].filter((flag) => settings.some((flags) => !has(flags, flag))).join('');
  const notEnough = settings.find((flags) => !has(flags, NEEDED));
  return { set: notEnough ?? settings[0] ?? '', lacking, isEnough: notEnough === undefined };
}

/** What is still switched on for tails of which none is alive; undefined where there is nothing of the kind, or it cannot be told. */
export async function leftOver(
  connection: Connection,
): Promise<undefined | { readonly key: string; readonly restore: string }> {
  return onControl(connection, async (listener) => {
    const restore = await listener.left();
    return restore === undefined ? undefined : { key: BOOKKEEPING_KEY, restore };
  });
}

/** Does nothing when there is nothing left over, or somebody listens. */
export async function putBackLeftOver(connection: Connection): Promise<void> {
  await onControl(connection, async (listener) => listener.putBackWhatWasLeft());
}

/** Undefined where the user may not look. */
async function onControl<T>(connection: Connection, work: (listener: Listener) => Promise<T>): Promise<T | undefined> {
  const control = await connection.dedicated();
  try {
    if (connection.database !== 0) await control.select(0);
    return await work(new Listener(control, connection));
  } catch (error) {
    const known = error instanceof CachectlError ? error : translated(error, connection.location);
    if (isUnavailable(known)) return undefined;
    throw known;
  } finally {
    control.disconnect();
  }
}

/** One that listens with the setting switched on, known by the id of its connection. */
class Listener implements Notifications {
  readonly isVerified = true;
  readonly #connection: Connection;
  #control: Redis;
  /** Undefined until it listens: a tail that switches nothing on needs no right to look at the server. */
  #name: string | undefined;
  /** What to put back, should a FLUSHDB take the bookkeeping. */
  #restore: string | undefined;

  constructor(control: Redis, connection: Connection) {
    this.#control = control;
    this.#connection = connection;
  }

  tells(): boolean {
    return true;
  }

  async check(): Promise<void> {
    await checkStillOn(this.#connection);
  }

  /** Writes itself down and sets the setting in one step, so that no other can put it back in between. */
  async listen(): Promise<this> {
    const name = await listenerName(this.#control);
    this.#name = name;
    for (;;) {
      await this.#control.watch(BOOKKEEPING_KEY);
      const current = (await setting(this.#control)) ?? '';
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

  async switchBack(): Promise<void> {
    try {
      // The server may have closed this connection, which was silent for long, and still have the setting.
      if (this.#control.status !== 'ready') await this.#reconnect();
      if (this.#name !== undefined) await this.#control.hdel(BOOKKEEPING_KEY, this.#name);
      await this.putBackWhatWasLeft();
    } catch (error) {
      const known = translated(error, this.#connection.location);
      // A server that is gone has forgotten the setting, too.
      if (!(known instanceof UnreachableError)) throw known;
    } finally {
      this.#control.disconnect();
    }
  }

  async #reconnect(): Promise<void> {
    this.#control = await this.#connection.dedicated();
    if (this.#connection.database !== 0) await this.#control.select(0);
  }

  /** What would be put back, were it done now; undefined when nothing is written down, or somebody listens. */
  async left(): Promise<string | undefined> {
    const { restore, ...listeners } = await this.#control.hgetall(BOOKKEEPING_KEY);
    return restore === undefined || (await this.#anyAlive(Object.keys(listeners))) ? undefined : restore;
  }

  /** When nobody listens who said so, the setting becomes what it was. True while somebody does. */
  async putBackWhatWasLeft(): Promise<boolean> {
    for (;;) {
      await this.#control.watch(BOOKKEEPING_KEY);
      const { restore = this.#restore, ...listeners } = await this.#control.hgetall(BOOKKEEPING_KEY);
      const othersListen = restore !== undefined && (await this.#anyAlive(Object.keys(listeners)));
      if (restore === undefined || othersListen) {
        await this.#control.unwatch();
        return othersListen;
      }

      // Somebody set it to something else meanwhile: theirs it stays.
      const isOurs = (await setting(this.#control)) === canonical(union(restore, WANTED));
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
 * All of the commands in one step; undefined when what is watched has changed, and nothing was done. MULTI goes by
 * itself: were it refused in one write with the rest, the server would do the rest all the same, with nobody to undo it.
 */
async function transaction(control: Redis, commands: Transaction): Promise<unknown[] | undefined> {
  await control.multi({ pipeline: false });
  // One that is refused here makes the server refuse EXEC.
  for (const command of commands) await control.call(...command);
  const replies = await control.exec();
  for (const [error] of replies ?? []) if (error) throw error;
  return replies?.map(([, reply]) => reply);
}

/** Unique over restarts of the server, which counts its clients from 1 again. */
async function listenerName(control: Redis): Promise<string> {
  return `${await serverId(control)}:${await control.client('ID')}`;
}

async function serverId(control: Redis): Promise<string> {
  return /run_id:(\w+)/.exec(await control.info('server'))?.[1] ?? '';
}

/** The flags that are set; undefined where CONFIG is forbidden, as with most providers. */
async function setting(control: Redis): Promise<string | undefined> {
  try {
    const [, flags] = (await control.config('GET', SETTING)) as string[];
    return canonical(flags ?? '');
  } catch (error) {
    if (isUnavailable(translated(error, ''))) return undefined;
    throw error;
  }
}

/** Who only reads, or looks at a replica, cannot put back; the next one that can will. */
function leaveToOthers(error: unknown): false {
  if (!(translated(error, '') instanceof RefusedError)) throw error;
  return false;
}

async function clusterNotifications(connection: Connection, enable: boolean): Promise<Notifications> {
  const settings: string[] = [];
  for (const node of await connection.nodes()) {
    const flags = await settingOf(node);
    if (flags === undefined) return unverified();
    settings.push(flags);
  }

  const lacking = settings.find((flags) => !has(flags, NEEDED));
  if (lacking === undefined)
    return fixed(
      [...expand(WANTED)].filter((flag) => settings.every((flags) => has(flags, flag))).join(''),
      connection,
    );
  const hint = switchingOnACluster(settings.join(''));
  if (!enable) throw new RefusedError(isOff(connection.location, lacking), hint);
  throw new UnsupportedError('the redis store does not switch notifications on for a cluster', hint);
}

/** @throws RefusedError when a server that said so before does not announce what happens any more */
async function checkStillOn(connection: Connection): Promise<void> {
  for (const node of await connection.nodes()) {
    const flags = await settingOf(node);
    if (flags === undefined || has(flags, NEEDED)) continue;
    throw new RefusedError(
      `${connection.location} announces no more what happens: somebody set ${SETTING} to "${flags}"`,
      'Some events may have been missed. Start it again, with --enable.',
    );
  }
}

/** As `setting`, of any node. */
async function settingOf(node: Node): Promise<string | undefined> {
  try {
    const [, flags] = (await node.call('CONFIG', 'GET', SETTING)) as readonly Buffer[];
    return canonical(String(flags ?? ''));
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** On before, and by somebody else: it stays as it is. */
function fixed(flags: string, connection: Connection): Notifications {
  return {
    isVerified: true,
    tells: (type) => (type === 'CacheMissed' ? has(flags, 'm') : type === 'KeyEvicted' ? has(flags, 'e') : true),
    async check() {
      await checkStillOn(connection);
    },
    async switchBack() {
      // Nothing was switched on.
    },
  };
}

/** Where the setting cannot be seen, the provider's documentation is all there is. */
function unverified(): Notifications {
  return {
    isVerified: false,
    tells: () => true,
    async check() {
      // There is nothing to look at.
    },
    async switchBack() {
      // Nothing was switched on.
    },
  };
}

function notOn(location: string, flags: string): RefusedError {
  return new RefusedError(
    isOff(location, flags),
    `--enable sets it to ${withWanted(flags)} while this runs (it costs the server some CPU) and puts it back at the end.`,
  );
}

function isOff(location: string, flags: string): string {
  return `${location} does not announce what happens: ${SETTING} is "${flags}"`;
}

/** How a person does on a cluster what --enable does elsewhere. @param flags what is set already, and on any of its nodes */
function switchingOnACluster(flags: string): string {
  return `Do it on every node: redis-cli --cluster call HOST:PORT CONFIG SET ${SETTING} '${withWanted(canonical(flags))}'`;
}

function withWanted(flags: string): string {
  return flags + [...WANTED].filter((flag) => !has(flags, flag)).join('');
}

function has(flags: string, wanted: string): boolean {
  return [...wanted].every((flag) => expand(flags).includes(flag));
}

function union(flags: string, more: string): string {
  return canonical(flags + more);
}

/** Each flag once and in one order, so that settings compare; the server puts them in an order of its own. */
function canonical(flags: string): string {
  return [...new Set(expand(flags))].sort().join('');
}

function expand(flags: string): string {
  return flags.replace('A', ALL);
}
