import type { ListedLock, ListLocksOptions } from '../../contract/locks.js';
import type { MemcachedContext } from '../context.js';
import type { Dumped } from '../listing/dump-lines.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { UndecodableError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { MAX_OWNER } from '../../locks/rule.js';
import { valueOrThrow } from '../entries.js';
import { isNameable, isTagIdKey } from '../keys.js';
import { dump } from '../listing/dump.js';
import { itemLockRule, type ItemLockRule, MAX_LOCK } from './rule.js';

/** Bytes of items to read at once. A single item that only has the name of a lock may be larger. */
const MAX_AT_ONCE = 1_048_576;

/**
 * List the locks of every server, page by page. A lock is an item like any other, so it is recognized by its name or,
 * if it is small enough, by its value.
 */
export async function* listLocks(
  context: MemcachedContext,
  { signal, pattern }: ListLocksOptions = {},
): AsyncGenerator<ListedLock> {
  const lister = new Lister(context, pattern);
  for (const node of context.connection.metaNodes) {
    for await (const page of dump(node, context, { signal })) {
      for (const batch of lister.batches(page)) {
        signal?.throwIfAborted();
        yield* await lister.locksAmong(node, batch);
      }
    }
  }
}

/** An item that may be a lock. */
interface Candidate {
  readonly full: Buffer;
  readonly name: string;
  readonly size: number;
}

class Lister {
  readonly #context: MemcachedContext;
  readonly #lockOf: ItemLockRule;

  constructor(context: MemcachedContext, pattern: string | undefined) {
    this.#context = context;
    this.#lockOf = itemLockRule(pattern);
  }

  /** Split the candidates into batches of limited size. */
  *batches(page: readonly Dumped[]): Generator<readonly Candidate[]> {
    let batch: Candidate[] = [];
    let bytes = 0;
    for (const dumped of page) {
      const candidate = this.#candidate(dumped);
      if (candidate === undefined) continue;
      if (batch.length > 0 && bytes + candidate.size > MAX_AT_ONCE) {
        yield batch;
        [batch, bytes] = [[], 0];
      }

      batch.push(candidate);
      bytes += candidate.size;
    }

    if (batch.length > 0) yield batch;
  }

  /** Read the candidates in one round trip and return the locks among them. */
  async locksAmong(node: MetaNode, batch: readonly Candidate[]): Promise<readonly ListedLock[]> {
    const items = await node.read(batch.map(({ full }) => full));
    const locks: ListedLock[] = [];
    for (const [index, { name }] of batch.entries()) {
      const item = valueOrThrow(items[index]);
      if (item === undefined) continue;
      const detectedBy = this.#lockOf(name, item);
      const owner = detectedBy && (await this.#ownerOf(item));
      if (detectedBy && owner !== undefined) locks.push({ name, owner, ttl: item.ttl, detectedBy });
    }

    return locks;
  }

  #candidate({ full, size }: Dumped): Candidate | undefined {
    // Only the binary protocol can name a long key with white space.
    if (!isNameable(full)) return undefined;
    const name = this.#context.keys.short(full);
    if (isTagIdKey(name)) return undefined;
    return size <= MAX_LOCK || this.#lockOf(name) !== undefined ? { full, name, size } : undefined;
  }

  /** Undefined if the value is not text: then it is no lock, whatever its name. */
  async #ownerOf(item: Item): Promise<string | undefined> {
    try {
      const owner = await this.#context.values.bareBytes(item);
      return keyFromBytes(owner.subarray(0, MAX_OWNER));
    } catch (error) {
      if (error instanceof UndecodableError) return undefined;
      throw error;
    }
  }
}
