import type { CountOptions } from '../../contract/listing.js';
import type { FileContext } from '../context.js';

import { UnsupportedError } from '../../../errors.js';
import { isLiveFile, walk } from './walk.js';

/** Count live files. A hash cannot match a glob. Locks count too, unless they have their own folder. */
export async function countEntries(
  { folder }: FileContext,
  { pattern = '*', signal }: CountOptions = {},
): Promise<number> {
  if (pattern !== '*') {
    throw new UnsupportedError(
      'the file store cannot match keys with a pattern: a file is named by a hash of its key',
      'Count all entries: cachectl keys --count',
    );
  }

  let count = 0;
  for await (const files of walk(folder, { signal })) count += files.filter((file) => isLiveFile(file)).length;
  return count;
}
