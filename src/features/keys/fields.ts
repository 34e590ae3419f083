import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Reading, Store } from '../../stores/contract/store.js';

import { UndecodableError, WrongTypeError } from '../../errors.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { withinBytes } from '../../stores/listing/byte-limit.js';
import { tagHashOf } from '../../stores/tags/names.js';
import { formatDuration } from '../../terminal/durations.js';
import { bytesText } from '../../terminal/numbers.js';
import { count } from '../../terminal/progress.js';
import { ttlField } from '../../terminal/value-text.js';
import { meaningOfEntry } from '../inspect/entry-meaning.js';

/** Entries whose contents are asked for at once. */
const PAGE = 500;

/** For people. */
export const HEAD = ['KEY', 'TYPE', 'SIZE', 'EXPIRES', 'UNUSED FOR', 'TAGS', 'A LOCK BY', 'WHAT IT IS'];

/** The columns for `HEAD`. */
export function keyRow(entry: ListedEntry): string[] {
  const { key, size, ttl, idle, lock } = entry;
  const expires = ttl === undefined ? 'not told' : ttl === null ? 'never' : `in ${formatDuration(ttl)}`;
  const unused = idle === undefined ? '' : formatDuration(idle);
  const what = meaningOfEntry(key) ?? '';
  return [printKey(key), typeOf(entry) ?? '', bytesText(size), expires, unused, tagsText(entry), lock ?? '', what];
}

/** For a pipe, between tabs: key, type, bytes, seconds left, tags, how it was told to be a lock, seconds unused. */
export function keyLine(entry: ListedEntry): string {
  const { key, size, ttl, idle, lock = '' } = entry;
  const left = ttl === null ? 'never' : (ttl ?? 'unknown');
  const type = typeOf(entry) ?? '';
  return `${printKey(key)}\t${type}\t${size}\t${left}\t${tagsText(entry)}\t${lock}\t${idle ?? ''}\n`;
}

/** A key of `keys --json`. */
export function keyFields(entry: ListedEntry) {
  const { key, size, ttl, idle, lock, tags } = entry;
  return {
    key: printKey(key),
    type: typeOf(entry) ?? null,
    size,
    ttl: ttlField(ttl),
    tagged: isTagged(entry),
    tags: tags?.map((tag) => printKey(tag)),
    lock,
    idle,
    meaning: meaningOfEntry(key),
  };
}

/** Reads what sorted entries hold, a few at a time. */
export async function* withContents(
  store: Store,
  entries: readonly ListedEntry[],
  signal: AbortSignal,
): AsyncGenerator<ListedEntry> {
  for (const some of withinBytes(entries)) {
    for (let start = 0; start < some.length; start += PAGE) {
      signal.throwIfAborted();
      const page = some.slice(start, start + PAGE);
      const readings = await store.many(page.map(({ key }) => key));
      for (const [index, entry] of page.entries()) {
        const reading = readings[index];
        if (reading !== undefined) yield { ...entry, reading };
      }
    }
  }
}

/** Of a value as `get --json` has it; `lock` of what is one, and what kept it from being read. */
function typeOf({ lock, reading }: ListedEntry): string | undefined {
  if (lock !== undefined) return 'lock';
  return reading === undefined ? undefined : typeOfReading(reading);
}

function typeOfReading(reading: Exclude<Reading, undefined>): string {
  try {
    if (reading instanceof Error) throw reading;
    return reading.decode().type;
  } catch (error) {
    if (error instanceof UndecodableError || error instanceof WrongTypeError) return error.code;
    return 'unreadable';
  }
}

/** Whose names are not known has at least the form of a tagged entry. */
function isTagged({ key, tags = [] }: ListedEntry): boolean {
  return tags.length > 0 || tagHashOf(key) !== undefined;
}

function tagsText(entry: ListedEntry): string {
  const { tags = [] } = entry;
  if (tags.length > 0) return printNames(tags);
  return isTagged(entry) ? '(tagged)' : '';
}

/** `1 key`, `2 keys`. */
export function keysText(number: number): string {
  return `${count(number)} ${number === 1 ? 'key' : 'keys'}`;
}
