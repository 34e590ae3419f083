import path from 'node:path';

import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { openSqlite } from '../../src/stores/sqlite/store.js';

/** A store in a file of the folder, without a prefix. The file is created by the first write. */
export function sqliteStoreIn(folder: string): Store {
  const profile = {
    driver: 'sqlite',
    name: 'test',
    prefix: '',
    codec: 'php',
    protected: false,
    path: path.join(folder, 'cache.sqlite'),
    table: 'cache',
    lockTable: 'cache_locks',
  } as const;
  return openSqlite(profile, openCodec('php'), { timeoutMs: 5000 });
}
