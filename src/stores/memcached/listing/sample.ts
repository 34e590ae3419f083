import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { isLaravelLockName } from '../../locks/names.js';
import { isTagIdKey } from '../keys.js';
import { dump } from './dump.js';

/** The maximum number of items to read from a server. */
const MAX_LOOKED = 200_000;

/**
 * Sample the beginning of a dump, which follows the hash table, where keys have no order. Each server of a pool
 * contributes in proportion to its items. Sizes are those of the dump: key, value and header.
 */
export async function sample(context: MemcachedContext, { size, signal }: SampleOptions): Promise<Sample> {
  const nodes = context.connection.metaNodes;
  const counts = await Promise.all(nodes.map(async (node) => node.count()));
  const whole = counts.reduce((sum, count) => sum + count, 0);
  const slices = await Promise.all(
    nodes.map(async (node, index) => {
      const share = whole === 0 ? 0 : Math.ceil((size * counts[index]!) / whole);
      return slice(node, context, { size: share, signal });
    }),
  );
  const chosen = slices.flatMap(({ found }) => found);
  const isExhausted = counts.every((count) => count <= MAX_LOOKED) && slices.every(({ isAll }) => isAll);
  const isComplete = isExhausted && chosen.length <= size;
  return {
    entries: chosen.slice(0, size),
    method: isComplete ? 'all of them' : 'the beginning of a dump, which has no order',
    isComplete,
    isRandom: true,
  };
}

async function slice(
  node: MetaNode,
  context: MemcachedContext,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal | undefined },
): Promise<{ readonly found: readonly SampledEntry[]; readonly isAll: boolean }> {
  const found: SampledEntry[] = [];
  if (size === 0) return { found, isAll: true };
  for await (const page of dump(node, context, { signal, most: MAX_LOOKED })) {
    for (const { full, size: bytes, ttl } of page) {
      const name = context.keys.short(full);
      if (!isTagIdKey(name) && !isLaravelLockName(name)) found.push({ size: bytes, ttl });
    }

    if (found.length > size) break;
  }

  return { found: found.slice(0, size), isAll: found.length <= size };
}
