// @ts-check
import { defineDriver, RefusedError } from 'cachectl';
import { open } from 'lmdb';

import { Records } from './records.mjs';
import { lmdbStore } from './store.mjs';

/** A folder with two LMDB databases, `entries` and `locks`. */
export default defineDriver({
  name: 'lmdb-store',
  options: {
    folder: { type: 'path', required: true },
  },
  open({ prefix, codec, options: { folder } }) {
    try {
      const root = open({ path: folder, noSubdir: false });
      const entries = new Records(root.openDB('entries', { keyEncoding: 'binary' }));
      const locks = new Records(root.openDB('locks', { keyEncoding: 'binary' }));
      const close = async () => root.close();
      return lmdbStore({ location: folder, prefix, codec, entries, locks, close });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RefusedError(`cannot open LMDB in ${folder}: ${reason}`, 'Check the folder in the profile.');
    }
  },
});
