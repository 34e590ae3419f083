import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';
import type { Dumped } from './dump-lines.js';

import { overlapping } from '../../listing/concurrent.js';
import { countMatching, FlushTally } from '../../listing/entry-filter.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { valueOrThrow } from '../entries.js';
import { isNameable, isTagIdKey } from '../keys.js';
import { lockOf, MAX_LOCK } from '../locks/rule.js';
import { dump } from './dump.js';
import { listEntries } from './entries.js';

/** Pages that are processed concurrently. */
const IN_FLIGHT = 4;

/**
 * Remove the entries that match, page by page. An item is removed only if its CAS is still the CAS of the dump and, for
 * `idleFor`, only if no one has read it since.
 */
export async function flushOnly(
  context: MemcachedContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  const { pattern = '*', idleFor = 0, largerThan = -1 } = only;
  const { signal, dryRun } = options;
  signal?.throwIfAborted();
  if (dryRun) {
    const pages = listEntries(context, { pattern, idle: idleFor > 0, ...(signal && { signal }) });
    return countMatching(pages, only, options);
  }

  const matches = globMatcher(pattern);
  const tally = new FlushTally(options);
  for (const node of context.connection.metaNodes) {
    const pages = dump(node, context, { signal, head: literalHead(pattern) });
    await overlapping(pages, IN_FLIGHT, async (page) => {
      const matching = page.filter(({ full, idle, size }) => {
        const key = context.keys.short(full);
        return size > largerThan && idle >= idleFor && !isTagIdKey(key) && matches(key);
      });
      const unlocked = matching.filter(({ full }) => lockOf(context.keys.short(full)) === undefined);
      tally.add({ keptLocks: matching.length - unlocked.length });
      tally.add(await removeUnlocked(node, context, unlocked, idleFor));
    });
  }

  return tally.result;
}

async function removeUnlocked(
  node: MetaNode,
  { keys }: MemcachedContext,
  items: readonly Dumped[],
  idleFor: number,
): Promise<FlushOnlyResult> {
  // Only the binary protocol can name a long key with white space.
  const nameable = items.filter(({ full }) => isNameable(full));
  const unnameable = items.filter(({ full }) => !isNameable(full));
  const current = await Promise.all([
    readQuietly(
      node,
      nameable.filter(({ size }) => size <= MAX_LOCK),
      true,
    ),
    readQuietly(
      node,
      nameable.filter(({ size }) => size > MAX_LOCK),
      false,
    ),
  ]);
  const unchanged = current
    .flat()
    .flatMap(({ dumped, item }) =>
      item?.cas === BigInt(dumped.cas) && (item.idle ?? 0) >= idleFor
        ? [{ key: dumped.full, size: dumped.size, item }]
        : [],
    );
  const entries = unchanged.filter(({ key, item }) => lockOf(keys.short(key), item) === undefined);
  const isRemoved = await node.removeSame(entries);
  const wereRemoved = await node.remove(unnameable.map(({ full }) => full));
  const removed = [
    ...entries.filter((_, index) => isRemoved[index]),
    ...unnameable.filter((_, index) => valueOrThrow(wereRemoved[index])),
  ];
  return {
    removed: removed.length,
    keptLocks: unchanged.length - entries.length,
    bytes: removed.reduce((sum, { size }) => sum + size, 0),
  };
}

/** @param values false for items that are too large to be locks: their values are not transferred */
async function readQuietly(
  node: MetaNode,
  items: readonly Dumped[],
  values: boolean,
): Promise<ReadonlyArray<{ readonly dumped: Dumped; readonly item: Item | undefined }>> {
  const answers = await node.look(
    items.map(({ full }) => full),
    { values },
  );
  return items.map((dumped, index) => ({ dumped, item: valueOrThrow(answers[index]) }));
}
