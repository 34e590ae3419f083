import type { SqlContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { inTagOrder, tagHashOf } from '../../tags/names.js';
import { sql } from '../statement.js';
import { shortText } from '../text.js';

/** The tags of stored keys, in the best known order, by the bytes of the key as Latin-1. */
export async function namesOf(
  context: SqlContext,
  keys: readonly Buffer[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { dialect, entries, tables, prefix } = context;
  const names = new Map<string, string[]>();
  const head = keyToBytes(prefix);
  const tagged = keys.filter((key) => tagHashOf(shortText(key, prefix)) !== undefined);
  if (tagged.length === 0 || !(await tables.has('tags'))) return names;
  const { rows } = await entries.run<{ tag: Buffer; key: Buffer }>(
    sql`SELECT tag, ${dialect.key} FROM ${tables.tags} WHERE ${dialect.isOneOf(dialect.key, tagged)}`,
  );
  // Not by the server: PostgreSQL without statistics would read all rows in the order of tags.
  const ours = rows.filter(({ tag }) => tag.subarray(0, head.length).equals(head));
  for (const { tag, key } of ours.sort((one, other) => Buffer.compare(one.tag, other.tag))) {
    const id = key.toString('latin1');
    names.set(id, [...(names.get(id) ?? []), shortText(tag, prefix)]);
  }

  return new Map([...names].map(([id, found]) => [id, inTagOrder(found, shortKeyOf(id, prefix)) ?? found]));
}

function shortKeyOf(id: string, prefix: string): string {
  return shortText(Buffer.from(id, 'latin1'), prefix);
}
