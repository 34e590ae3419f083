import type { StatsOptions, StoreStats } from '../contract/stats.js';
import type { ArrayContext } from './context.js';

/** What lies in memory; nobody counts what is asked of it. */
export function stats({ memory, prefix }: ArrayContext, { signal }: StatsOptions = {}): StoreStats {
  signal?.throwIfAborted();
  const all = memory.keys('');
  const bytes = all.reduce((sum, key) => sum + (memory.live(key)?.stored.length ?? 0), 0);
  return {
    servers: [{ name: 'memory', entries: all.length, bytes, maxBytes: null }],
    underPrefix: memory.keys(prefix).length,
    notes: [],
  };
}
