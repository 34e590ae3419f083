import { isIP, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MetaNode } from '../protocol/meta-node.js';

import { statsOf } from '../protocol/text-connection.js';

/** How long a list of connections is valid, in milliseconds. The server reuses the numbers of closed connections. */
const FRESH_MS = 1000;

/** Minimum interval between two lists, in milliseconds: a server may have thousands of connections. */
const LIST_INTERVAL_MS = 200;

/** Longer than a watch line takes to arrive, in milliseconds. */
const DELIVERY_MS = 1000;

/** The watch flag for connection events. The oldest servers do not know it. */
export const CONNECTIONS = 'connevents';

/**
 * Client addresses by connection number, which is a file descriptor. The server reuses a number as soon as its
 * connection ends, so connection events keep the map current. Earlier connections are listed by `stats conns`.
 */
export class ClientAddresses {
  readonly #node: MetaNode;
  readonly #addresses = new Map<string, string>();
  /** Undefined if the server does not report connection events. */
  #isReloading: boolean | undefined;

  constructor(node: MetaNode) {
    this.#node = node;
  }

  /** `host:port`. Undefined for Unix sockets and unknown connections. */
  addressOf(connection: string): string | undefined {
    return this.#addresses.get(connection);
  }

  /** @param address undefined when the connection is closed */
  set(connection: string, address: string | undefined): void {
    if (address === undefined) this.#addresses.delete(connection);
    else this.#addresses.set(connection, address);
  }

  /**
   * Start from two lists; connection events keep it current from now on.
   * @param before taken before the events began
   * @param after taken since
   */
  start(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
    this.#addUnchanged(before, after);
    this.#isReloading = false;
  }

  /** Reload after the server dropped events: connection events may be among them. Never throws. */
  async reload(): Promise<void> {
    this.#addresses.clear();
    if (this.#isReloading !== false) return;
    this.#isReloading = true;
    const before = await addressesAt(this.#node);
    await sleep(DELIVERY_MS, undefined, { ref: false });
    this.#addUnchanged(before, await addressesAt(this.#node));
    this.#isReloading = false;
  }

  /** A connection with the same address in both lists was open all the time. */
  #addUnchanged(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
    for (const [connection, address] of after) {
      if (before.get(connection) === address && !this.#addresses.has(connection)) this.set(connection, address);
    }
  }
}

/** Parse `type=conn_new rip=127.0.0.1 rport=34786 transport=tcp cfd=24`. Undefined for a Unix socket. */
export function addressIn(fields: ReadonlyMap<string, string>): string | undefined {
  const [host = '', port = ''] = [fields.get('rip'), fields.get('rport')];
  if (isIP(host) === 0 || !/^\d{1,5}$/.test(port)) return undefined;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Looks up client addresses on demand. Works on every server, but a connection may be closed before the lookup. */
export class AddressLookup {
  readonly #node: MetaNode;
  #addresses: ReadonlyMap<string, string> = new Map();
  #listedAt = -Infinity;
  #listing: Promise<void> | undefined;

  constructor(node: MetaNode) {
    this.#node = node;
  }

  /** `host:port`. Undefined for Unix sockets and closed connections. Never throws. */
  async addressOf(connection: string): Promise<string | undefined> {
    const isFresh = performance.now() - this.#listedAt <= FRESH_MS;
    const known = isFresh ? this.#addresses.get(connection) : undefined;
    if (known !== undefined) return known;
    // A list that is already under way may predate this connection.
    await this.#listing;
    this.#listing ??= this.#list();
    await this.#listing;
    return this.#addresses.get(connection);
  }

  async #list(): Promise<void> {
    const early = this.#listedAt + LIST_INTERVAL_MS - performance.now();
    if (early > 0) await sleep(early);
    this.#listedAt = performance.now();
    this.#addresses = await addressesAt(this.#node);
    this.#listing = undefined;
  }
}

/** `host:port` of every client by connection number. Empty if the server does not list them. Never throws. */
export async function addressesAt(node: MetaNode): Promise<ReadonlyMap<string, string>> {
  try {
    return addressesOf(await statsOf(await node.text.shared(), 'conns'));
  } catch {
    // If the server is lost, the watch fails by itself.
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
