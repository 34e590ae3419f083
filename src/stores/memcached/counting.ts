import type { CountOptions } from '../listing-contract.js';
import type { Room } from './entries.js';

import { globMatcher, isHeadOnly, literalHead } from '../glob.js';
import { dumpedLines, hasExpired, keyIn } from './dump.js';
import { isTagIdKey, TAG_ID_HEAD } from './keys.js';
import { uriEncoded } from './uri.js';

/** How many keys a listing gives. */
export async function countEntries(room: Room, { signal, pattern = '*' }: CountOptions = {}): Promise<number> {
  const isListed = listedBy(room, pattern);
  let counted = 0;
  for (const node of room.connection.metaNodes) {
    for await (const { lines, now } of dumpedLines(node, room, { signal, head: literalHead(pattern) })) {
      for (const line of lines) if (!hasExpired(line, now) && isListed(line)) counted++;
    }
  }

  return counted;
}

/** The lines of a dump all begin with the pattern's head; where that is all of it, few keys have to be decoded. */
function listedBy({ keys }: Room, pattern: string): (line: string) => boolean {
  const matches = globMatcher(pattern);
  const isMatch = (line: string): boolean => {
    const key = keys.short(keyIn(line));
    return !isTagIdKey(key) && matches(key);
  };

  if (!isHeadOnly(pattern)) return isMatch;
  const tagIds = `key=${uriEncoded(Buffer.from(keys.prefix + TAG_ID_HEAD))}`;
  return (line) => !line.startsWith(tagIds) || isMatch(line);
}
