import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { FileContext } from '../context.js';

import { ttlOf } from '../content.js';
import { isLiveFile, walk } from './walk.js';

/** Sample the entries of some folders. Hashes spread evenly over folders, so every entry is equally likely. */
export async function sample({ folder }: FileContext, { size, signal }: SampleOptions): Promise<Sample> {
  const entries: SampledEntry[] = [];
  let looked = 0;
  for await (const files of walk(folder, { signal, shuffled: true })) {
    looked += files.length;
    for (const file of files) {
      if (isLiveFile(file)) entries.push({ size: file.size, ttl: ttlOf(file.expiry) });
    }

    if (entries.length > size) break;
  }

  return {
    entries: entries.slice(0, size),
    method: 'the files of some folders, chosen at random; a hash spreads keys over them',
    isComplete: entries.length <= size,
    isRandom: true,
    looked,
  };
}
