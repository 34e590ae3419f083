import type { OtherKind } from '../contract/inspection.js';

/** What a key holds that is no entry: `list with 4 members`. */
export function structureText({ type, length }: OtherKind): string {
  const name = NAMES[type] ?? type;
  return length === undefined ? name : `${name} with ${length} ${length === 1 ? 'member' : 'members'}`;
}

/** Where the server's name is not a word. */
const NAMES: Readonly<Record<string, string>> = { zset: 'sorted set' };
