import type { RenameOutcome, Store } from '../../stores/contract/store.js';

import { UnsupportedError, UsageError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { tagHashOf } from '../../stores/tags/names.js';
import { decode, isLock } from './readings.js';

/**
 * Rename an entry. It keeps its TTL.
 * @throws UsageError for a lock, a tagged entry, or the same key twice
 */
export async function renameEntry(
  store: Store,
  from: string,
  to: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<RenameOutcome> {
  if (from === to) throw new UsageError('both keys are the same', 'Write: cachectl rename KEY NEW');
  for (const key of [from, to]) await checkPlain(store, key);
  return (await store.rename?.(from, to, { overwrite })) ?? renameInSteps(store, from, to, overwrite);
}

/** Refuse keys that others refer to: locks, and entries listed by tags. */
async function checkPlain(store: Store, key: string): Promise<void> {
  if (tagHashOf(key) !== undefined) {
    throw new UsageError(
      `${printKey(key)} is a tagged entry: its tags would list the old key`,
      'Store it under the new key with the same tags: cachectl put KEY VALUE --tags A,B',
    );
  }

  const entry = await store.get(key);
  if (entry !== undefined && isLock(key, entry)) {
    throw new UsageError(
      `${printKey(key)} is a lock: its holder would lose it`,
      'See who holds it with lock:show; release it with lock:release.',
    );
  }
}

/** Not atomic: both keys exist for a moment. */
async function renameInSteps(store: Store, from: string, to: string, overwrite: boolean): Promise<RenameOutcome> {
  const entry = await store.get(from);
  if (entry === undefined) return 'missing';
  if (entry.ttl === undefined) {
    throw new UnsupportedError(
      `the ${store.driver} store does not report the TTL, which would be lost`,
      'Store the entry under the new key, with its TTL: cachectl put NEW VALUE --ttl 10m',
    );
  }

  const value = decode(from, entry);
  if (overwrite) await store.put(to, value, entry.ttl);
  else if (!(await store.add(to, value, entry.ttl, entry.flags))) return 'taken';
  await store.forget([from]);
  return 'renamed';
}
