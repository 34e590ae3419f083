import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';
import type { Dumped } from './dump-lines.js';

import { overlapping } from '../../listing/concurrent.js';
import { countMeant, FlushTally } from '../../listing/entry-filter.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { given } from '../entries.js';
import { isNameable, isTagIdKey } from '../keys.js';
import { LARGEST_LOCK, lockOf } from '../locks/rule.js';
import { dump } from './dump.js';
import { listEntries } from './entries.js';

/** Pages on their way at once. */
const IN_FLIGHT = 4;

/**
 * Removes the entries that match, a page of a dump at a time. An item goes only as long as it is the one that the dump
 * told of, which its CAS says, and, where that counts, as long as nobody has read it since.
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
    return countMeant(pages, only, options);
  }

  const matches = globMatcher(pattern);
  const tally = new FlushTally(options);
  for (const node of context.connection.metaNodes) {
    const pages = dump(node, context, { signal, head: literalHead(pattern) });
    await overlapping(pages, IN_FLIGHT, async (page) => {
      const meant = page.filter(({ full, idle, size }) => {
        const key = context.keys.short(full);
        return size > largerThan && idle >= idleFor && !isTagIdKey(key) && matches(key);
      });
      const others = meant.filter(({ full }) => lockOf(context.keys.short(full)) === undefined);
      tally.add({ keptLocks: meant.length - others.length });
      tally.add(await removeOthers(node, context, others, idleFor));
    });
  }

  return tally.result;
}

async function removeOthers(
  node: MetaNode,
  { keys }: MemcachedContext,
  meant: readonly Dumped[],
  idleFor: number,
): Promise<FlushOnlyResult> {
  // Only the binary protocol can name a long key with white space.
  const nameable = meant.filter(({ full }) => isNameable(full));
  const unnameable = meant.filter(({ full }) => !isNameable(full));
  const looked = await Promise.all([
    lookAt(
      node,
      nameable.filter(({ size }) => size <= LARGEST_LOCK),
      true,
    ),
    lookAt(
      node,
      nameable.filter(({ size }) => size > LARGEST_LOCK),
      false,
    ),
  ]);
  const found = looked
    .flat()
    .flatMap(({ dumped, item }) =>
      item?.cas === BigInt(dumped.cas) && (item.idle ?? 0) >= idleFor
        ? [{ key: dumped.full, size: dumped.size, item }]
        : [],
    );
  const entries = found.filter(({ key, item }) => lockOf(keys.short(key), item) === undefined);
  const isGone = await node.removeSame(entries);
  const wereThere = await node.remove(unnameable.map(({ full }) => full));
  const gone = [
    ...entries.filter((_, index) => isGone[index]),
    ...unnameable.filter((_, index) => given(wereThere[index])),
  ];
  return {
    removed: gone.length,
    keptLocks: found.length - entries.length,
    bytes: gone.reduce((sum, { size }) => sum + size, 0),
  };
}

/** What is too large to be a lock need not travel. */
async function lookAt(
  node: MetaNode,
  items: readonly Dumped[],
  values: boolean,
): Promise<ReadonlyArray<{ readonly dumped: Dumped; readonly item: Item | undefined }>> {
  const answers = await node.look(
    items.map(({ full }) => full),
    { values },
  );
  return items.map((dumped, index) => ({ dumped, item: given(answers[index]) }));
}
