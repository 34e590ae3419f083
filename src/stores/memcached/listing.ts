import type { Reading } from '../contract.js';
import type { EntryPages, ListedEntry, ListEntriesOptions } from '../listing-contract.js';
import type { ToldBy } from '../lock-contract.js';
import type { Dumped } from './dump.js';
import type { Room } from './entries.js';
import type { MetaNode } from './meta-node.js';
import type { Item } from './node.js';

import { UsageError } from '../../errors.js';
import { globMatcher, literalHead } from '../glob.js';
import { isLaravelLockName } from '../lock-form.js';
import { withinBytes } from '../within-bytes.js';
import { dump } from './dump.js';
import { given } from './entries.js';
import { isSpeakable, isTagIdKey } from './keys.js';
import { isOurLock, LARGEST_LOCK } from './lock-list.js';

/** An item of the dump, by its key without the prefix. */
interface Named extends Dumped {
  readonly key: string;
}

/**
 * What lies under the prefix on every server, a page of a dump at a time, which tells all but contents and owners of locks;
 * reading those does not count as a use. Which tags an entry carries nobody knows: in its key stands a hash of their ids.
 */
export async function* listEntries(room: Room, options: ListEntriesOptions = {}): EntryPages {
  const { signal, pattern = '*' } = options;
  const matches = globMatcher(pattern);
  for (const node of room.connection.metaNodes) {
    for await (const page of dump(node, room, { signal, head: literalHead(pattern) })) {
      const named = page
        .map((dumped): Named => ({ ...dumped, key: room.keys.short(dumped.full) }))
        .filter(({ key }) => !isTagIdKey(key) && matches(key));
      for (const some of options.contents ? withinBytes(named) : [named]) {
        signal?.throwIfAborted();
        const listed = await listedOf(node, room, some, options);
        if (listed.length > 0) yield listed;
      }
    }
  }
}

/** What is gone by now, as far as it has to be read, is left out. */
async function listedOf(
  node: MetaNode,
  room: Room,
  some: readonly Named[],
  options: ListEntriesOptions,
): Promise<readonly ListedEntry[]> {
  const wanted = some.filter((named) => isSpeakable(named.full) && (options.contents || mayBeOurLock(named)));
  const answers = await node.look(wanted.map(({ full }) => full));
  const items = new Map(wanted.map((named, index) => [named, given(answers[index])]));
  const listed = await Promise.all(
    some.map(async (named): Promise<ListedEntry[]> => {
      const item = items.get(named);
      if (items.has(named) && item === undefined) return [];
      const lock = lockOf(named.key, item);
      return [
        {
          key: named.key,
          size: named.size,
          ttl: item?.ttl === undefined ? named.ttl : item.ttl,
          ...(options.idle && { idle: named.idle }),
          ...(lock !== undefined && { lock }),
          ...(options.contents && { reading: await readingOf(room, named.key, item) }),
        },
      ];
    }),
  );
  return listed.flat();
}

function mayBeOurLock({ key, size }: Named): boolean {
  return size <= LARGEST_LOCK && !isLaravelLockName(key);
}

function lockOf(key: string, item: Item | undefined): ToldBy | undefined {
  if (isLaravelLockName(key)) return 'family';
  return item !== undefined && isOurLock(item) ? 'cachectl-owner' : undefined;
}

async function readingOf(room: Room, key: string, item: Item | undefined): Promise<Exclude<Reading, undefined>> {
  return item === undefined ? unspeakable(room, key) : room.values.entry(item);
}

/** Only the binary protocol can name what another client put under a key with white space. */
function unspeakable(room: Room, key: string): Error {
  try {
    room.keys.full(key);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }

  throw new Error(`"${key}" can be read, and was not`);
}
