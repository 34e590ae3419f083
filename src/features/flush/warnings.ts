import type { FlushOptions, Store } from '../../stores/contract/store.js';

import { RefusedError } from '../../errors.js';
import { ALL_PAUSED_KEY, MAINTENANCE_KEY } from '../../stores/entries/entry-meaning.js';
import { globMatcher } from '../../stores/listing/glob.js';

/** Warnings about locks and other applications, one per line. */
export function lockWarnings(store: Store, { locks, scope }: Pick<FlushOptions, 'locks' | 'scope'>): string[] {
  const { lockLocation, traits } = store;
  if (scope === 'all') {
    return lockLocation === undefined
      ? ['Entries of other applications in this database, and all locks, are removed too.']
      : [
          'Entries of other applications in this database are removed too.',
          `Locks in ${lockLocation} are kept. To remove them, use flush --locks-only.`,
        ];
  }

  if (locks) return ['Locks that lock:list shows are removed too. Their holders lose them.'];
  if (traits.lockStorage === 'separate') return [];
  return [
    'This store keeps locks among the entries. Locks that lock:list shows are kept; others are removed like entries.',
  ];
}

/**
 * Warnings about entries that hold a state of Laravel itself. One round trip. Does not check for pauses of single
 * queues.
 * @param pattern the pattern of the flush
 */
export async function stateWarnings(store: Store, pattern = '*'): Promise<string[]> {
  const keys = [...STATES.keys()].filter(globMatcher(pattern));
  if (keys.length === 0) return [];
  try {
    const readings = await store.many(keys);
    return keys.flatMap((key, index) => {
      const reading = readings[index];
      // The flush reports errors.
      return reading === undefined || reading instanceof Error ? [] : STATES.get(key)!;
    });
  } catch (error) {
    // A user may have permission to remove entries but not to read them.
    if (error instanceof RefusedError) return [];
    throw error;
  }
}

const STATES = new Map([
  [MAINTENANCE_KEY, 'The application is in maintenance mode. This flush ends it.'],
  [ALL_PAUSED_KEY, 'All queues are paused. This flush resumes them.'],
]);
