import type { FlushOptions, FlushResult } from '../../contract/store.js';
import type { FileContext } from '../context.js';

import { isLiveFile, removeFiles, walk } from './walk.js';

/**
 * Remove every cache file, locks too, like Laravel's flush. Expired files and the leftovers of killed writers are
 * removed but not counted. Other files stay.
 */
export async function flush(
  { folder, lockFolder }: FileContext,
  { dryRun, signal, onProgress }: FlushOptions,
): Promise<FlushResult> {
  let removed = 0;
  for (const each of new Set([folder, lockFolder])) {
    for await (const files of walk(each, { signal })) {
      const live = files.filter((file) => isLiveFile(file));
      if (dryRun) removed += live.length;
      else {
        removed += await removeFiles(each, live);
        await removeFiles(
          each,
          files.filter((file) => !isLiveFile(file)),
        );
      }

      onProgress?.({ done: removed });
    }
  }

  return { removed, keptLocks: 0 };
}
