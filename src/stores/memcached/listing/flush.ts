import type { BulkOptions, FlushOptions, FlushResult } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Dumped } from './dump-lines.js';

import { overlapping } from '../../listing/concurrent.js';
import { given } from '../entries.js';
import { isNameable, isTagIdKey, type Keys } from '../keys.js';
import { LARGEST_LOCK, lockOf } from '../locks/rule.js';
import { notByProxy } from '../protocol/access-errors.js';
import { dump } from './dump.js';

/** Pages on their way at once: enough that neither side waits for the other. */
const IN_FLIGHT = 4;

/**
 * Removes what lies under the prefix, a page of a dump at a time, from every server. What is counted is entries; the
 * tags' ids go too, unmentioned. `all` is flush_all on every server.
 */
export async function flush(context: MemcachedContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  if (options.scope === 'all') return flushServers(context, options.dryRun);
  const nodes = context.connection.metaNodes;
  // Nothing is done where not everything can be.
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

/** All servers are asked before anything is done, so that one that is gone is told before. */
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

/** Whatever lies under the prefix, on one server. */
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
    const { ids, locks, small, others } = this.#sorted(page);
    await this.#remove(ids);
    const looked = await this.#removeButLocks(small);
    return {
      removed: looked.removed + (await this.#remove(others)),
      keptLocks: looked.keptLocks + locks,
    };
  }

  /** Tags' ids, how many are locks by their names, what may be a lock by its owner, and all else. */
  #sorted(page: readonly Dumped[]): { ids: Buffer[]; locks: number; small: Buffer[]; others: Buffer[] } {
    const [ids, small, others]: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
    let locks = 0;
    for (const { full, size } of page) {
      const name = this.#keys.short(full);
      if (isTagIdKey(name)) ids.push(full);
      else if (!this.#keepsLocks) others.push(full);
      else if (lockOf(name) !== undefined) locks++;
      else if (size <= LARGEST_LOCK && isNameable(full)) small.push(full);
      else others.push(full);
    }

    return { ids, locks, small, others };
  }

  /** How many there were. */
  async #remove(keys: readonly Buffer[]): Promise<number> {
    if (this.#isDry) return keys.length;
    const answers = await this.#node.remove(keys);
    return answers.filter((wasThere) => given(wasThere)).length;
  }

  /** What is written between the look and the removal is looked at again: it may be a lock by then. */
  async #removeButLocks(keys: readonly Buffer[]): Promise<FlushResult> {
    let [removed, keptLocks] = [0, 0];
    for (let waiting = keys; waiting.length > 0;) {
      const items = (await this.#node.read(waiting)).map((item) => given(item));
      const found = waiting.flatMap((key, index) => {
        const item = items[index];
        return item ? [{ key, item }] : [];
      });
      const entries = found.filter(({ key, item }) => lockOf(this.#keys.short(key), item) === undefined);
      keptLocks += found.length - entries.length;
      const isGone = this.#isDry ? entries.map(() => true) : await this.#node.removeSame(entries);
      removed += isGone.filter(Boolean).length;
      waiting = entries.filter((_, index) => !isGone[index]).map(({ key }) => key);
    }

    return { removed, keptLocks };
  }
}
