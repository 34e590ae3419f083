import type { InspectedTags, Inspection } from '../contract/inspection.js';
import type { ArrayContext } from './context.js';

import { isScheduleMutex } from '../locks/names.js';
import { inTagOrder, taggedKey, tagHashOf } from '../tags/names.js';
import { entryOf } from './entries.js';
import { mutexOwner } from './mutex.js';

export function inspect({ memory, prefix, codec }: ArrayContext, key: string, tags?: readonly string[]): Inspection {
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const storedKey = prefix + listedKey;
  const asked = { storedKey, listedKey, place: { server: 'memory' } };
  const cell = memory.live(storedKey);
  if (cell === undefined) return asked;
  const carried = tagsOf(listedKey, tags ?? namesUnder(prefix, memory.tagsOf(storedKey)));
  return {
    ...asked,
    entry: entryOf(cell, codec),
    format: { codec: codec.name },
    expiresAt: cell.expires === null ? null : new Date(cell.expires),
    ...(carried && { tags: carried }),
    ...(isScheduleMutex(listedKey) && { lock: { owner: mutexOwner(cell), toldBy: 'family' } }),
  };
}

function namesUnder(prefix: string, tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));
}

function tagsOf(listedKey: string, names: readonly string[]): InspectedTags | undefined {
  const hash = tagHashOf(listedKey);
  if (hash === undefined || names.length === 0) return undefined;
  const ordered = inTagOrder(names, listedKey);
  return { names: ordered ?? names, isOrdered: ordered !== undefined };
}
