import type { RedisProfile } from '../../profiles/profile.js';
import type { Node, Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { keyFromBytes } from '../entries/key-text.js';
import { escapeGlob } from '../listing/glob.js';
import { watchSlots } from './client/slots.js';

/** How many keys a server looks at in one step of a scan: well under a millisecond of its time. */
export const SCAN_COUNT = 1000;

/**
 * A hash in database 0 that exists only while a tail of cachectl has notifications switched on: the setting to put back,
 * and who listens. The next to listen after one that was killed puts back what that one left.
 */
export const BOOKKEEPING_KEY = 'cachectl:notify-keyspace-events';

/** Full keys and back: connection prefix, cache prefix, key. */
export class Keys {
  readonly prefix: string;
  readonly #prefixBytes: Buffer;

  constructor({ connectionPrefix, prefix }: Pick<RedisProfile, 'connectionPrefix' | 'prefix'>) {
    this.prefix = connectionPrefix + prefix;
    this.#prefixBytes = Buffer.from(this.prefix);
  }

  full(key: string): string {
    return this.prefix + key;
  }

  /** Whether it lies under the prefix; an empty one takes in everything but our own bookkeeping. */
  isOurs(full: Buffer): boolean {
    return full.subarray(0, this.#prefixBytes.length).equals(this.#prefixBytes) && !full.equals(BOOKKEEPING);
  }

  /** Nobody's entry. */
  isBookkeeping(full: Buffer): boolean {
    return full.equals(BOOKKEEPING);
  }

  /** Without prefixes. */
  short(full: Buffer): string {
    return keyFromBytes(full.subarray(this.#prefixBytes.length));
  }
}

const BOOKKEEPING = Buffer.from(BOOKKEEPING_KEY);

/** The glob of what lies under the prefix; with `head`, only of keys that begin so. */
export function underPrefix(keys: Keys, head = ''): string {
  return `${escapeGlob(keys.full(head))}*`;
}

/**
 * Full keys under the prefix, page by page, from every server; with `head`, only those that go on so. A key can come
 * twice while the server rehashes.
 */
export async function* scan(
  connection: Connection,
  keys: Keys,
  signal?: AbortSignal,
  head = '',
): AsyncGenerator<Buffer[]> {
  for (const node of await connection.nodes()) {
    for await (const { page } of scanNode(node, keys, { signal, head })) if (page.length > 0) yield page;
  }
}

/** The same, for whoever must have them all: what ends well has missed none. @throws UnreachableError */
export async function* scanAll(
  connection: Connection,
  keys: Keys,
  signal?: AbortSignal,
  head = '',
): AsyncGenerator<Buffer[]> {
  const slots = await watchSlots(connection);
  yield* scan(connection, keys, signal, head);
  await slots.check();
}

/** Of a cursor: where a scan begins, and that it has ended. */
export const END = '0';

interface Scanning {
  readonly signal?: AbortSignal | undefined;
  readonly head?: string;
  /** One that the same server gave, and has not been started anew since. */
  readonly cursor?: string;
}

interface Scanned {
  readonly page: Buffer[];
  /** Where the scan goes on. */
  readonly cursor: string;
}

/** The same of one server, with the cursor behind each page. */
export async function* scanNode(
  node: Pick<Node, 'call'>,
  keys: Keys,
  { signal, head = '', cursor = END }: Scanning,
): AsyncGenerator<Scanned> {
  const pattern = underPrefix(keys, head);
  let at = cursor;
  do {
    signal?.throwIfAborted();
    const reply = await node.call('SCAN', at, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    const [next, page] = reply as readonly [Reply, readonly Buffer[]];
    at = String(next);
    yield { page: page.filter((key) => keys.isOurs(key)), cursor: at };
  } while (at !== END);
}
