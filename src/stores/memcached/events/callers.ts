import { isIP, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MetaNode } from '../protocol/meta-node.js';

import { statsOf } from '../protocol/text-connection.js';

/** How long a list of connections is good for, in milliseconds: the numbers of those that end are given to others. */
const FRESH_MS = 1000;

/** The least time between two lists, in milliseconds: a server may have thousands of connections. */
const PAUSE_MS = 200;

/** Longer than what the server tells is on its way, in milliseconds. */
const ON_ITS_WAY_MS = 1000;

/** What a watch asks for to be told of connections; the oldest servers do not know it. */
export const CONNECTIONS = 'connevents';

/**
 * Whose connection has which number (of a file descriptor). A number is given anew as soon as its connection ends, so
 * it is told by the server when that happens; what was connected before is asked for.
 */
export class Callers {
  readonly #node: MetaNode;
  readonly #addresses = new Map<string, string>();
  /** Undefined where the server does not tell who comes and goes. */
  #isLearning: boolean | undefined;

  constructor(node: MetaNode) {
    this.#node = node;
  }

  /** `host:port`; undefined of those that have none, and where the server did not tell. */
  addressOf(connection: string): string | undefined {
    return this.#addresses.get(connection);
  }

  /** @param address undefined when nobody has it any more */
  isOf(connection: string, address: string | undefined): void {
    if (address === undefined) this.#addresses.delete(connection);
    else this.#addresses.set(connection, address);
  }

  /**
   * From now on it is told who comes and goes.
   * @param before who was connected before that began
   * @param after who is now
   */
  begin(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
    this.#learn(before, after);
    this.#isLearning = false;
  }

  /** Something was not told, perhaps who came and went. Never throws. */
  async forget(): Promise<void> {
    this.#addresses.clear();
    if (this.#isLearning !== false) return;
    this.#isLearning = true;
    const before = await addressesAt(this.#node);
    await sleep(ON_ITS_WAY_MS, undefined, { ref: false });
    this.#learn(before, await addressesAt(this.#node));
    this.#isLearning = false;
  }

  /** Who had a connection at both times had it all the while. */
  #learn(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
    for (const [connection, address] of after) {
      if (before.get(connection) === address && !this.#addresses.has(connection)) this.isOf(connection, address);
    }
  }
}

/** `type=conn_new rip=127.0.0.1 rport=34786 transport=tcp cfd=24`; undefined of a socket without an address. */
export function addressIn(fields: ReadonlyMap<string, string>): string | undefined {
  const [host = '', port = ''] = [fields.get('rip'), fields.get('rport')];
  if (isIP(host) === 0 || !/^\d{1,5}$/.test(port)) return undefined;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Addresses of clients, asked for when they are wanted. Any server tells them, but the look-up may come too late. */
export class AddressLookup {
  readonly #node: MetaNode;
  #addresses: ReadonlyMap<string, string> = new Map();
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(node: MetaNode) {
    this.#node = node;
  }

  /** `host:port`; undefined of those that are gone by now, or have none. Never throws. */
  async addressOf(connection: string): Promise<string | undefined> {
    const isFresh = performance.now() - this.#askedAt <= FRESH_MS;
    const known = isFresh ? this.#addresses.get(connection) : undefined;
    if (known !== undefined) return known;
    // What is being asked already may have been answered before it connected.
    await this.#asking;
    this.#asking ??= this.#ask();
    await this.#asking;
    return this.#addresses.get(connection);
  }

  async #ask(): Promise<void> {
    const early = this.#askedAt + PAUSE_MS - performance.now();
    if (early > 0) await sleep(early);
    this.#askedAt = performance.now();
    this.#addresses = await addressesAt(this.#node);
    this.#asking = undefined;
  }
}

/** `host:port` of those who are connected, by the numbers of their connections; of a server that does not tell, none. Never throws. */
export async function addressesAt(node: MetaNode): Promise<ReadonlyMap<string, string>> {
  try {
    return addressesOf(await statsOf(await node.text.shared(), 'conns'));
  } catch {
    // One that is lost ends the watch itself.
    return new Map();
  }
}

/** `26:addr` is `tcp:127.0.0.1:34364`, `tcp6:[::1]:34364`, or the path of a socket. */
function addressesOf(stats: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    [...stats].flatMap(([name, value]) => {
      const [, connection] = /^(\d{1,10}):addr$/.exec(name) ?? [];
      const [, address] = /^tcp6?:(\S{1,100})$/.exec(value) ?? [];
      return connection === undefined || address === undefined ? [] : [[connection, address] as const];
    }),
  );
}
