// @ts-check
import { defineDriver } from 'cachectl';

import { Files } from './files.mjs';
import { FileStore } from './store.mjs';

/** The folder of Laravel's `file` cache: `storage/framework/cache/data`, unless the application moved it. */
export default defineDriver({
  name: 'file-store',
  options: {
    folder: { type: 'path', required: true },
    // Laravel's `lock_path`. Defaults to `folder`.
    lockFolder: { type: 'path' },
    // Laravel 12.36 introduced this prefix. Earlier versions have none.
    lockPrefix: { type: 'text', default: 'file-store-lock:' },
  },
  open({ prefix, codec, options }, { timeoutMs }) {
    const files = new Files(options.folder, timeoutMs);
    const lockFiles = options.lockFolder === undefined ? files : new Files(options.lockFolder, timeoutMs);
    return new FileStore({ files, lockFiles, lockPrefix: options.lockPrefix, codec, prefix });
  },
});
