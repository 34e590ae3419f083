import type { BulkOptions, FlushOptions, FlushResult } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Dumped } from './dump-lines.js';

import { overlapping } from '../../listing/concurrent.js';
import { valueOrThrow } from '../entries.js';
import { isNameable, isTagIdKey, type Keys } from '../keys.js';
import { lockOf, MAX_LOCK } from '../locks/rule.js';
import { notByProxy } from '../protocol/access-errors.js';
import { dump } from './dump.js';

/** Pages that are processed concurrently: enough that neither side waits for the other. */
const IN_FLIGHT = 4;

/**
 * Remove everything under the prefix from every server, page by page. Tag ids are removed too, but not counted. The
 * scope `all` runs flush_all on every server.
 */
export async function flush(context: MemcachedContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  if (options.scope === 'all') return flushServers(context, options.dryRun);
  const nodes = context.connection.metaNodes;
  // Fails before the first removal if a server is down.
  const totals = await Promise.all(nodes.map(async (node) => node.count()));
  const tally = new Tally(
    options,
    totals.reduce((sum, count) => sum + count, 0),
  );
  for (const node of nodes) {
    const remover = new Remover(node, context.keys, options);
    await overlapping(dump(node, context, options), IN_FLIGHT, async (page) =>
      tally.add(await remover.removePage(page)),
    );
  }

  return tally.result;
}

/** Counts on all servers first, so that it fails before the first removal if a server is down. */
async function flushServers({ connection }: MemcachedContext, dryRun: boolean): Promise<FlushResult> {
  if (connection.protocol === 'classic') throw notByProxy('run flush_all', connection.location);
  const counts = await Promise.all(connection.nodes.map(async (node) => node.count()));
  if (!dryRun) await Promise.all(connection.nodes.map(async (node) => node.clear()));
  return { removed: counts.reduce((sum, count) => sum + count, 0), keptLocks: 0 };
}

class Tally {
  readonly #onProgress: BulkOptions['onProgress'];
  readonly #total: number;
  #removed = 0;
  #keptLocks = 0;

  constructor({ onProgress }: BulkOptions, total: number) {
    this.#onProgress = onProgress;
    this.#total = total;
  }

  add({ removed, keptLocks }: FlushResult): void {
    this.#removed += removed;
    this.#keptLocks += keptLocks;
    this.#onProgress?.({ done: this.#removed, total: this.#total });
  }

  get result(): FlushResult {
    return { removed: this.#removed, keptLocks: this.#keptLocks };
  }
}

/** Removes the keys under the prefix from one server. */
class Remover {
  readonly #node: MetaNode;
  readonly #keys: Keys;
  readonly #keepsLocks: boolean;
  readonly #isDry: boolean;

  constructor(node: MetaNode, keys: Keys, { locks, dryRun }: FlushOptions) {
    this.#node = node;
    this.#keys = keys;
    this.#keepsLocks = !locks;
    this.#isDry = dryRun;
  }

  async removePage(page: readonly Dumped[]): Promise<FlushResult> {
    const { ids, locks, candidates, entries } = this.#classified(page);
    await this.#remove(ids);
    const checked = await this.#removeUnlessLocks(candidates);
    return {
      removed: checked.removed + (await this.#remove(entries)),
      keptLocks: checked.keptLocks + locks,
    };
  }

  /** Tag ids, the number of locks by name, candidates that may hold a lock owner, and entries. */
  #classified(page: readonly Dumped[]): { ids: Buffer[]; locks: number; candidates: Buffer[]; entries: Buffer[] } {
    const [ids, candidates, entries]: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
    let locks = 0;
    for (const { full, size } of page) {
      const name = this.#keys.short(full);
      if (isTagIdKey(name)) ids.push(full);
      else if (!this.#keepsLocks) entries.push(full);
      else if (lockOf(name) !== undefined) locks++;
      else if (size <= MAX_LOCK && isNameable(full)) candidates.push(full);
      else entries.push(full);
    }

    return { ids, locks, candidates, entries };
  }

  /** @returns the number of keys that existed */
  async #remove(keys: readonly Buffer[]): Promise<number> {
    if (this.#isDry) return keys.length;
    const answers = await this.#node.remove(keys);
    return answers.filter((wasThere) => valueOrThrow(wasThere)).length;
  }

  /** A key that changes between the read and the removal is read again: it may have become a lock. */
  async #removeUnlessLocks(keys: readonly Buffer[]): Promise<FlushResult> {
    let [removed, keptLocks] = [0, 0];
    for (let waiting = keys; waiting.length > 0;) {
      const items = (await this.#node.read(waiting)).map((item) => valueOrThrow(item));
      const found = waiting.flatMap((key, index) => {
        const item = items[index];
        return item ? [{ key, item }] : [];
      });
      const entries = found.filter(({ key, item }) => lockOf(this.#keys.short(key), item) === undefined);
      keptLocks += found.length - entries.length;
      const isRemoved = this.#isDry ? entries.map(() => true) : await this.#node.removeSame(entries);
      removed += isRemoved.filter(Boolean).length;
      waiting = entries.filter((_, index) => !isRemoved[index]).map(({ key }) => key);
    }

    return { removed, keptLocks };
  }
}
