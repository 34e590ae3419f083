import type { CountOptions } from '../../contract/listing.js';
import type { Room } from '../entries.js';
import type { DumpLines } from './dump-lines.js';

import { globMatcher, isHeadOnly, literalHead } from '../../listing/glob.js';
import { isTagIdKey, TAG_ID_HEAD } from '../keys.js';
import { dumpedLines, lineHead } from './dump.js';

/** How many keys a listing gives. */
export async function countEntries(room: Room, { signal, pattern = '*' }: CountOptions = {}): Promise<number> {
  const isListed = listedBy(room, pattern);
  let counted = 0;
  for (const node of room.connection.metaNodes) {
    for await (const { lines, now } of dumpedLines(node, room, { signal, head: literalHead(pattern) })) {
      while (lines.next()) if (!lines.hasExpired(now) && isListed(lines)) counted++;
    }
  }

  return counted;
}

/** The lines of a dump all begin with the pattern's head; where that is all of it, few keys have to be decoded. */
function listedBy({ keys }: Room, pattern: string): (line: DumpLines) => boolean {
  const matches = globMatcher(pattern);
  const isMatch = (line: DumpLines): boolean => {
    const key = keys.short(line.key);
    return !isTagIdKey(key) && matches(key);
  };

  if (!isHeadOnly(pattern)) return isMatch;
  const tagIds = lineHead(keys.prefix + TAG_ID_HEAD);
  return (line) => !line.beginsWith(tagIds) || isMatch(line);
}
