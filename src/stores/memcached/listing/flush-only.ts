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
 * Remove the entries that match, page by page. An item that changes between the dump and its removal is checked again,
 * except for `idleFor`: it has been used.
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
      for (let waiting: readonly Seen[] = unlocked; waiting.length > 0;) {
        const { result, changed } = await removeUnlocked(node, context, waiting, idleFor);
        tally.add(result);
        waiting = idleFor > 0 ? [] : (await seen(node, changed)).filter(({ size }) => size > largerThan);
        // Items that change all the time may need many rounds.
        if (waiting.length > 0) signal?.throwIfAborted();
      }
    });
  }

  return tally.result;
}

/** An item as it was seen: its CAS tells whether it has changed since. */
type Seen = Pick<Dumped, 'cas' | 'full' | 'size'>;

async function removeUnlocked(
  node: MetaNode,
  { keys }: MemcachedContext,
  items: readonly Seen[],
  idleFor: number,
): Promise<{ readonly result: FlushOnlyResult; readonly changed: readonly Buffer[] }> {
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
  const present = current.flat().flatMap(({ full, size, cas, item }) => (item ? [{ key: full, size, cas, item }] : []));
  const unchanged = present.filter(({ cas, item }) => item.cas === BigInt(cas) && (item.idle ?? 0) >= idleFor);
  const entries = unchanged.filter(({ key, item }) => lockOf(keys.short(key), item) === undefined);
  const isRemoved = await node.removeSame(entries);
  const wereRemoved = await node.remove(unnameable.map(({ full }) => full));
  const removed = [
    ...entries.filter((_, index) => isRemoved[index]),
    ...unnameable.filter((_, index) => valueOrThrow(wereRemoved[index])),
  ];
  return {
    result: {
      removed: removed.length,
      keptLocks: unchanged.length - entries.length,
      bytes: removed.reduce((sum, { size }) => sum + size, 0),
    },
    changed: [
      ...present.filter(({ cas, item }) => item.cas !== BigInt(cas)),
      ...entries.filter((_, index) => !isRemoved[index]),
    ].map(({ key }) => key),
  };
}

/** Skips items that have been removed. */
async function seen(node: MetaNode, keys: readonly Buffer[]): Promise<readonly Seen[]> {
  const descriptions = await Promise.all(keys.map(async (key) => node.describe(key)));
  return keys.flatMap((full, index) => {
    const about = descriptions[index];
    return about ? [{ full, cas: about.get('cas')!, size: Number(about.get('size')) }] : [];
  });
}

/** @param values false for items that are too large to be locks: their values are not transferred */
async function readQuietly(
  node: MetaNode,
  items: readonly Seen[],
  values: boolean,
): Promise<ReadonlyArray<Seen & { readonly item: Item | undefined }>> {
  const answers = await node.look(
    items.map(({ full }) => full),
    { values },
  );
  return items.map(({ full, size, cas }, index) => ({ full, size, cas, item: valueOrThrow(answers[index]) }));
}
