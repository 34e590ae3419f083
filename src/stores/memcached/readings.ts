import type { Reading } from '../contract/entries.js';
import type { MemcachedContext } from './context.js';
import type { Item, Node } from './protocol/node.js';

import { UsageError } from '../../errors.js';

/** Maps a key to its full key. */
export type Naming = (key: string) => Buffer;

/** Read entries in the order of the keys. @param read reads the keys of one server */
export async function readEntries(
  { connection, values }: MemcachedContext,
  keys: readonly string[],
  naming: Naming,
  read: (node: Node, keys: readonly Buffer[]) => Promise<ReadonlyArray<Error | Item | undefined>>,
): Promise<readonly Reading[]> {
  const names = keys.map((key) => fullKey(key, naming));
  const readable = names.flatMap((full) => (full instanceof Error ? [] : [{ full }]));
  const items = await connection.spread(readable, async (node, share) =>
    read(
      node,
      share.map(({ full }) => full),
    ),
  );
  let next = 0;
  const answers = names.map((name) => (name instanceof Error ? name : items[next++]));
  return Promise.all(
    answers.map(async (answer) => (answer === undefined || answer instanceof Error ? answer : values.entry(answer))),
  );
}

/** The full key, or why Memcached cannot have the key. */
export function fullKey(key: string, naming: Naming): Buffer | Error {
  try {
    return naming(key);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}
