import type { RedisProfile } from '../../profiles/profile.js';
import type { Node, Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { keyFromBytes } from '../entries/key-text.js';
import { escapeGlob } from '../listing/glob.js';
import { merged } from '../listing/merged.js';
import { watchSlots } from './client/slots.js';

/** How many keys a server checks per SCAN call: well under a millisecond of its time. */
export const SCAN_COUNT = 1000;

/**
 * A hash in database 0 that exists only while a tail has notifications turned on. It holds the setting to restore and
 * the running tails. If a tail is killed, the next one restores the setting.
 */
export const BOOKKEEPING_KEY = 'cachectl:notify-keyspace-events';

/** Converts keys to stored keys and back. A stored key is connection prefix, cache prefix, key. */
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

  /** Whether a stored key is under the prefix. An empty prefix covers everything but cachectl's bookkeeping. */
  isOurs(full: Buffer): boolean {
    return full.subarray(0, this.#prefixBytes.length).equals(this.#prefixBytes) && !full.equals(BOOKKEEPING);
  }

  /** Whether this is cachectl's own bookkeeping. */
  isBookkeeping(full: Buffer): boolean {
    return full.equals(BOOKKEEPING);
  }

  /** The key without prefixes. */
  short(full: Buffer): string {
    return keyFromBytes(full.subarray(this.#prefixBytes.length));
  }
}

const BOOKKEEPING = Buffer.from(BOOKKEEPING_KEY);

/** The glob of stored keys under the prefix. @param head only keys that start with this */
export function underPrefix(keys: Keys, head = ''): string {
  return `${escapeGlob(keys.full(head))}*`;
}

/**
 * Yield pages of stored keys under the prefix, from every server at once. A key can appear twice while a server
 * rehashes.
 * @param head only keys that start with this
 */
export async function* scan(
  connection: Connection,
  keys: Keys,
  signal?: AbortSignal,
  head = '',
): AsyncGenerator<Buffer[]> {
  const nodes = await connection.nodes();
  yield* merged(nodes.map((node) => pagesOf(node, keys, { signal, head })));
}

async function* pagesOf(node: Pick<Node, 'call'>, keys: Keys, scanning: Scanning): AsyncGenerator<Buffer[], void> {
  for await (const { page } of scanNode(node, keys, scanning)) if (page.length > 0) yield page;
}

/** Like `scan`, but fails if slots moved, so that no key was missed. @throws UnreachableError */
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

/** The cursor at the start and at the end of a scan. */
export const END = '0';

interface Scanning {
  readonly signal?: AbortSignal | undefined;
  readonly head?: string;
  /** A cursor from the same server; it is invalid after a restart. */
  readonly cursor?: string;
}

interface Scanned {
  readonly page: Buffer[];
  /** Where the scan continues. */
  readonly cursor: string;
}

/** Scan one server. Yields each page with the cursor after it. */
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
