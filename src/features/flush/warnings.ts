import type { FlushOptions, Store } from '../../stores/contract/store.js';

import { RefusedError } from '../../errors.js';
import { ALL_PAUSED_KEY, MAINTENANCE_KEY } from '../../stores/entries/entry-meaning.js';
import { globMatcher } from '../../stores/listing/glob.js';

/** What becomes of locks and of other applications, a line each. */
export function lockWarnings(store: Store, { locks, scope }: Pick<FlushOptions, 'locks' | 'scope'>): string[] {
  const { lockLocation, traits } = store;
  if (scope === 'all') {
    const others = 'Entries of other applications in this database are removed too';
    return lockLocation === undefined
      ? [`${others}, and so are all locks.`]
      : [`${others}.`, `Locks in ${lockLocation} are kept: flush --locks-only removes those.`];
  }

  if (locks) return ['Locks that lock:list shows are removed too: their holders lose them.'];
  if (traits.locksToldFromEntries === 'apart') return [];
  return [
    'Locks lie among the entries here: those that lock:list shows are kept. A lock that it cannot recognize is removed as an entry.',
  ];
}

/**
 * What the application notices of a flush: entries of Laravel's own that switch something off. One round trip; pauses of a
 * single queue are not looked for.
 * @param pattern of a flush of what matches
 */
export async function stateWarnings(store: Store, pattern = '*'): Promise<string[]> {
  const keys = [...STATES.keys()].filter(globMatcher(pattern));
  if (keys.length === 0) return [];
  try {
    const readings = await store.many(keys);
    return keys.flatMap((key, index) => (readings[index] === undefined ? [] : STATES.get(key)!));
  } catch (error) {
    // Who may remove what he may not read is not kept from it.
    if (error instanceof RefusedError) return [];
    throw error;
  }
}

const STATES = new Map([
  [MAINTENANCE_KEY, 'The application is in maintenance mode, and this ends it.'],
  [ALL_PAUSED_KEY, 'All queues are paused, and this resumes them.'],
]);
