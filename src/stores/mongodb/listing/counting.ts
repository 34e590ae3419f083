import type { CountOptions } from '../../contract/listing.js';
import type { MongodbContext } from '../context.js';

import { counted } from '../../listing/counted.js';
import { isHeadOnly, literalHead } from '../../listing/glob.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { entryKeys } from './keys.js';

/** Count live entries. The server counts them if the pattern is only a literal head. */
export async function countEntries(
  context: MongodbContext,
  { signal, pattern = '*' }: CountOptions = {},
): Promise<number> {
  const { connection, prefix } = context;
  signal?.throwIfAborted();
  if (isHeadOnly(pattern)) {
    return connection.run(async ({ entries, now }) =>
      entries.countDocuments({ _id: idsUnder(prefix + literalHead(pattern)), expires_at: later(now()) }),
    );
  }

  return counted(entryKeys(context, pattern), signal);
}
