import type { CountOptions } from '../listing-contract.js';
import type { Room } from './entries.js';

import { globMatcher, isHeadOnly, literalHead } from '../glob.js';
import { isTagSetKey, TAG_SET_HEAD } from '../tag-names.js';
import { scan } from './keys.js';

/** How many keys a listing gives; by the page, and without making texts of what need not be looked at. */
export async function countEntries(
  { connection, keys }: Room,
  { signal, pattern = '*' }: CountOptions = {},
): Promise<number> {
  const head = literalHead(pattern);
  const matches = isHeadOnly(pattern) ? () => true : globMatcher(pattern);
  const at = Buffer.byteLength(keys.prefix);
  const mayBeSet = (full: Buffer): boolean => full.subarray(at, at + TAG_SET.length).equals(TAG_SET);
  const needsText = !isHeadOnly(pattern);
  let counted = 0;
  for await (const page of scan(connection, keys, signal, head)) {
    for (const full of page) {
      if (!needsText && !mayBeSet(full)) counted++;
      else {
        const key = keys.short(full);
        if (!isTagSetKey(key) && matches(key)) counted++;
      }
    }
  }

  return counted;
}

const TAG_SET = Buffer.from(TAG_SET_HEAD);
