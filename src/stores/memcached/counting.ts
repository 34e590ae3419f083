import type { CountOptions } from '../listing-contract.js';
import type { Room } from './entries.js';

import { globMatcher, literalHead } from '../glob.js';
import { dump } from './dump.js';
import { isTagIdKey } from './keys.js';

/** How many keys a listing gives. */
export async function countEntries(room: Room, { signal, pattern = '*' }: CountOptions = {}): Promise<number> {
  const matches = globMatcher(pattern);
  let counted = 0;
  for (const node of room.connection.metaNodes) {
    for await (const page of dump(node, room, { signal, head: literalHead(pattern) })) {
      for (const { full } of page) {
        const key = room.keys.short(full);
        if (!isTagIdKey(key) && matches(key)) counted++;
      }
    }
  }

  return counted;
}
