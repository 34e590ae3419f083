import { setTimeout as sleep } from 'node:timers/promises';

import type { MetaNode } from '../protocol/meta-node.js';

import { statsOf } from '../protocol/text-connection.js';

/** How long a list of connections is good for, in milliseconds: the numbers of those that end are given to others. */
const FRESH_MS = 1000;

/** The least time between two lists, in milliseconds: a server may have thousands of connections. */
const PAUSE_MS = 200;

/** The addresses of a server's clients, by the numbers (of file descriptors) that a watch tells. */
export class Clients {
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
