import type { Codec } from '../../codecs/codec.js';
import type { FileProfile } from '../../profiles/profile.js';
import type { Limits } from '../contract/operations.js';
import type { OpenOptions, Store } from '../contract/store.js';
import type { FileContext } from './context.js';

import { defineStore } from '../define-store.js';
import { Entries } from './entries.js';
import { Folder } from './folder.js';
import { FileLock } from './locks/lock.js';

/**
 * The folder of Laravel's `file` cache. Files are named by a hash of the key, so keys cannot be listed. Counts and
 * samples need a profile without a prefix, as in Laravel: a hash does not reveal the prefix of its key.
 */
export function openFile(profile: FileProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  const { path, lockPath = path, lockPrefix, permission, prefix } = profile;
  const folder = new Folder(path, timeoutMs, permission);
  const lockFolder = lockPath === path ? folder : new Folder(lockPath, timeoutMs, permission);
  const context: FileContext = { folder, lockFolder, profile, codec, prefix };
  return defineStore({
    driver: 'file',
    location: path,
    prefix,
    traits: { ttls: true, lockStorage: lockFolder === folder ? 'among-entries' : 'separate' },
    limits: HASHED,
    context,
    entries: new Entries(context),
    lock: (name) => new FileLock(lockFolder, prefix + lockPrefix + name),
    parts: {
      flush: async () => (await import('./listing/flush.js')).flush,
      inspect: async () => (await import('./inspection.js')).inspect,
      stats: async () => (await import('./stats.js')).stats,
      checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
      diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
      unmade: async () => (await import('./missing-place.js')).unmade,
      doubt: async () => (await import('./missing-place.js')).missingPlace,
      ...(prefix === '' && {
        count: async () => (await import('./listing/counting.js')).countEntries,
        sample: async () => (await import('./listing/sample.js')).sample,
      }),
    },
    async close() {},
  });
}

/** Why operations that list keys are unsupported. */
const HASHED: Limits = {
  operations: ['entries', 'events', 'flushOnly', 'keys', 'locks', 'sample'],
  reason: 'because a file is named by a hash of its key',
};
