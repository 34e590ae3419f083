import { statfs } from 'node:fs/promises';

import type { ServerStats, StatsOptions, StoreStats } from '../contract/stats.js';
import type { FileContext } from './context.js';

import { unlessMissing } from './errors.js';
import { isExpiredFile, isLiveFile, walk } from './listing/walk.js';

/** The maximum number of files to count: each one is opened. With --watch it is a tenth of this. */
const MAX_COUNTED = 200_000;
const MAX_COUNTED_AGAIN = 20_000;

/** Count the files and their bytes. There are no request statistics. */
export async function stats(context: FileContext, { signal, brief = false }: StatsOptions = {}): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { folder, prefix } = context;
  const most = brief ? MAX_COUNTED_AGAIN : MAX_COUNTED;
  const counts = await countFiles(context, most, signal);
  const disk = await unlessMissing(statfs(folder.path));
  const server: ServerStats = {
    name: folder.path,
    software: 'files',
    ...(counts && { entries: counts.live, bytes: counts.bytes }),
    details: {
      ...(counts && {
        expiredFiles: { value: counts.expired },
        expiredBytes: { value: counts.expiredBytes, unit: 'bytes' },
      }),
      ...(disk && { diskFree: { value: disk.bavail * disk.bsize, unit: 'bytes' } }),
    },
  };
  const isWhole = prefix === '' && counts !== undefined;
  return {
    servers: [server],
    ...(isWhole && { underPrefix: counts.live }),
    notes: counts ? [] : [`there are more than ${most} files, which were not counted`],
  };
}

interface Counts {
  readonly live: number;
  readonly bytes: number;
  readonly expired: number;
  readonly expiredBytes: number;
}

/** Undefined if there are too many. */
async function countFiles({ folder }: FileContext, most: number, signal?: AbortSignal): Promise<Counts | undefined> {
  const counts = { live: 0, bytes: 0, expired: 0, expiredBytes: 0 };
  for await (const files of walk(folder, { signal })) {
    for (const file of files) {
      if (isLiveFile(file)) {
        counts.live++;
        counts.bytes += file.size;
      } else if (isExpiredFile(file)) {
        counts.expired++;
        counts.expiredBytes += file.size;
      }
    }

    if (counts.live + counts.expired > most) return undefined;
  }

  return counts;
}
