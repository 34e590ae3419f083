import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { Node, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';
import type { Keys } from '../keys.js';

import { isTagSetKey } from '../../tags/names.js';
import { count } from '../client/replies.js';
import { SCAN_COUNT, underPrefix } from '../keys.js';
import { Look } from './look.js';
import { withoutTouching } from './no-touch.js';

/** Steps of a scan on one server, each of which looks at some thousand keys. */
const MOST_STEPS = 200;

/** Keys that are asked about at once. */
const PAGE = 500;

/**
 * The beginning of a scan. It walks the hash table, where keys lie by a hash that the server seeds anew when it starts:
 * they have no order there, neither by name nor by age, so any slice of it is a fair choice. RANDOMKEY would be a command
 * for each key of whoever. Of a cluster each primary gives as much as it holds of the whole.
 */
export async function sample(context: RedisContext, { size, signal }: SampleOptions): Promise<Sample> {
  signal?.throwIfAborted();
  const { connection, keys } = context;
  const nodes = await connection.nodes();
  const sizes = await Promise.all(nodes.map(async (node) => count(await node.call('DBSIZE'))));
  const whole = sizes.reduce((sum, each) => sum + each, 0);
  const slices = await Promise.all(
    nodes.map(async (node, index) => {
      const share = whole === 0 ? 0 : Math.ceil((size * sizes[index]!) / whole);
      return slice(node, keys, { size: share, signal });
    }),
  );
  const chosen = slices.flatMap(({ names }) => names);
  const isComplete = chosen.length <= size && slices.every(({ isWhole }) => isWhole);
  const entries: SampledEntry[] = [];
  for await (const page of withoutTouching(connection, () => measured(context, chosen.slice(0, size))))
    entries.push(...page);
  const steps = slices.reduce((sum, each) => sum + each.steps, 0);
  return {
    entries,
    method: isComplete ? 'all of them' : 'a slice of the unordered hash table',
    isComplete,
    isRandom: true,
    // A scan takes whole buckets, so what it looked at is known to some keys a step.
    looked: Math.min(whole, steps * SCAN_COUNT),
  };
}

interface Slice {
  /** Without prefixes. */
  readonly names: readonly string[];
  readonly steps: number;
  /** It went all the way round, and nothing of what it found was left out. */
  readonly isWhole: boolean;
}

async function slice(
  node: Node,
  keys: Keys,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal | undefined },
): Promise<Slice> {
  const pattern = underPrefix(keys);
  const names = new Set<string>();
  let cursor = '0';
  let steps = 0;
  do {
    signal?.throwIfAborted();
    const reply = await node.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    const [next, page] = reply as readonly [Reply, readonly Buffer[]];
    cursor = String(next);
    steps++;
    const found = page.filter((key) => keys.isOurs(key)).map((key) => keys.short(key));
    for (const name of found) if (!isTagSetKey(name)) names.add(name);
  } while (cursor !== '0' && names.size < size && steps < MOST_STEPS);

  return { names: [...names].slice(0, size), steps, isWhole: cursor === '0' && names.size <= size };
}

/** Locks, and what is gone by now, are left out. */
async function* measured(context: RedisContext, names: readonly string[]): AsyncGenerator<SampledEntry[]> {
  const look = new Look(context, { idle: false, values: true });
  for (let start = 0; start < names.length; start += PAGE) {
    const listed = await look.at(names.slice(start, start + PAGE));
    yield listed.filter(({ lock }) => lock === undefined).map(({ size, ttl }) => ({ size, ttl }));
  }
}
