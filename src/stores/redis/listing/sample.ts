import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { Node, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';
import type { Keys } from '../keys.js';

import { isTagSetKey } from '../../tags/names.js';
import { count } from '../client/replies.js';
import { SCAN_COUNT, underPrefix } from '../keys.js';
import { Look } from './look.js';
import { withoutTouching } from './no-touch.js';

/** SCAN calls per server, each of which checks about a thousand keys. */
const MAX_STEPS = 200;

/** Keys per batch. */
const PAGE = 500;

/**
 * Sample entries from the start of a scan. SCAN walks the hash table, whose hash is seeded at each start of the server.
 * So keys are in random order, and any slice is a fair sample. RANDOMKEY would need one command per key of any prefix.
 * In a cluster each primary contributes its share.
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
    // A scan returns whole buckets, so the number of scanned keys is approximate.
    looked: Math.min(whole, steps * SCAN_COUNT),
  };
}

interface Slice {
  /** Without prefixes. */
  readonly names: readonly string[];
  readonly steps: number;
  /** The scan was complete and all keys it found are in the slice. */
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
  } while (cursor !== '0' && names.size < size && steps < MAX_STEPS);

  return { names: [...names].slice(0, size), steps, isWhole: cursor === '0' && names.size <= size };
}

/** Leaves out locks and keys that no longer exist. */
async function* measured(context: RedisContext, names: readonly string[]): AsyncGenerator<SampledEntry[]> {
  const look = new Look(context, { idle: false, values: true });
  for (let start = 0; start < names.length; start += PAGE) {
    const listed = await look.at(names.slice(start, start + PAGE));
    yield listed.filter(({ lock }) => lock === undefined).map(({ size, ttl }) => ({ size, ttl }));
  }
}
