import type { CountOptions } from '../../contract/listing.js';
import type { MemcachedContext } from '../context.js';
import type { DumpLines } from './dump-lines.js';

import { globMatcher, isHeadOnly, literalHead } from '../../listing/glob.js';
import { isTagIdKey, TAG_ID_HEAD } from '../keys.js';
import { dumpedLines, lineHead } from './dump.js';

/** Count the keys that a listing would return. */
export async function countEntries(
  context: MemcachedContext,
  { signal, pattern = '*' }: CountOptions = {},
): Promise<number> {
  const isListed = listedBy(context, pattern);
  let counted = 0;
  for (const node of context.connection.metaNodes) {
    for await (const { lines, now } of dumpedLines(node, context, { signal, head: literalHead(pattern) })) {
      while (lines.next()) if (!lines.hasExpired(now) && isListed(lines)) counted++;
    }
  }

  return counted;
}

/** The dump already selects the literal head of the pattern. If there is nothing else, only tag ids are decoded. */
function listedBy({ keys }: MemcachedContext, pattern: string): (line: DumpLines) => boolean {
  const matches = globMatcher(pattern);
  const isMatch = (line: DumpLines): boolean => {
    const key = keys.short(line.key);
    return !isTagIdKey(key) && matches(key);
  };

  if (!isHeadOnly(pattern)) return isMatch;
  const tagIds = lineHead(keys.prefix + TAG_ID_HEAD);
  return (line) => !line.beginsWith(tagIds) || isMatch(line);
}
