import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Dumped } from './dump-lines.js';

import { UsageError } from '../../../errors.js';
import { withinBytes } from '../../listing/byte-limit.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { valueOrThrow } from '../entries.js';
import { isNameable, isTagIdKey } from '../keys.js';
import { lockOf, MAX_LOCK } from '../locks/rule.js';
import { dump } from './dump.js';

/** An item of the dump, with its key without the prefix. */
interface Named {
  readonly key: string;
  readonly dumped: Dumped;
  readonly size: number;
}

/**
 * List the entries and locks of every server, page by page. The dump has everything but values and lock owners, which
 * are read without updating the last use. Tags are unknown: a tagged key contains only a hash of the tag ids.
 */
export async function* listEntries(context: MemcachedContext, options: ListEntriesOptions = {}): EntryPages {
  const { signal, pattern = '*' } = options;
  const matches = globMatcher(pattern);
  for (const node of context.connection.metaNodes) {
    for await (const page of dump(node, context, { signal, head: literalHead(pattern) })) {
      const named = page
        .map((dumped): Named => ({ key: context.keys.short(dumped.full), dumped, size: dumped.size }))
        .filter(({ key }) => !isTagIdKey(key) && matches(key));
      for (const some of options.contents ? withinBytes(named) : [named]) {
        signal?.throwIfAborted();
        const listed = await listedOf(node, context, some, options);
        if (listed.length > 0) yield listed;
      }
    }
  }
}

/** Skips items that have been removed since, if they have to be read. */
async function listedOf(
  node: MetaNode,
  context: MemcachedContext,
  some: readonly Named[],
  { contents = false, idle = false }: ListEntriesOptions,
): Promise<readonly ListedEntry[]> {
  const wanted = some.filter((named) => isNameable(named.dumped.full) && (contents || mayBeLock(named)));
  const answers = await node.look(wanted.map(({ dumped }) => dumped.full));
  const items = answers.map((answer) => valueOrThrow(answer));
  const entryOf = await context.values.reader(items.filter((item) => item !== undefined));
  const listed: ListedEntry[] = [];
  let next = 0;
  for (const named of some) {
    const { key, dumped } = named;
    const isWanted = named === wanted[next];
    const item = isWanted ? items[next++] : undefined;
    if (isWanted && item === undefined) continue;
    const lock = lockOf(key, item);
    listed.push({
      key,
      size: dumped.size,
      ttl: item?.ttl === undefined ? dumped.ttl : item.ttl,
      ...(idle && { idle: dumped.idle }),
      ...(lock !== undefined && { lock }),
      ...(contents && { reading: item === undefined ? unnameable(context, key) : entryOf(item) }),
    });
  }

  return listed;
}

/** Whether only the value can show that it is a lock. */
function mayBeLock({ key, size }: Named): boolean {
  return size <= MAX_LOCK && lockOf(key) === undefined;
}

/** Only the binary protocol can name a long key with white space. */
function unnameable(context: MemcachedContext, key: string): Error {
  try {
    context.keys.full(key);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }

  throw new Error(`"${key}" is readable but was not read`);
}
