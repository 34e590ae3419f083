import { isIP, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MetaNode } from '../protocol/meta-node.js';

import { addressesAt } from './clients.js';

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
