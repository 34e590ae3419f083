import type { MongodbContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';

/** Keys of live entries, without the prefix, in the order of the index on `_id`. */
export async function* entryKeys({ connection, prefix }: MongodbContext, pattern = '*'): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  const ids = connection.stream(({ entries, now }, answers) =>
    answers(
      entries
        .find({ _id: idsUnder(prefix + literalHead(pattern)), expires_at: later(now()) })
        .project<{ _id: string }>({ _id: 1 })
        .sort({ _id: 1 })
        .batchSize(PAGE_SIZE),
    ),
  );
  for await (const { _id } of ids) {
    const key = _id.slice(prefix.length);
    if (matches(key)) yield key;
  }
}
