import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Reading } from '../../stores/contract/store.js';
import type { Order } from './order.js';

import { UndecodableError, WrongTypeError } from '../../errors.js';
import { meaningOfEntry } from '../../stores/entries/entry-meaning.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { DETECTED_BY } from '../../stores/locks/description.js';
import { tagHashOf } from '../../stores/tags/names.js';
import { formatDuration } from '../../terminal/durations.js';
import { type Column, ttlColumn } from '../../terminal/list.js';
import { bytesText } from '../../terminal/numbers.js';

export const keyColumns: ReadonlyArray<Column<string>> = [{ name: 'key', value: (key) => printKey(key) }];

/** The columns of `keys --long`. */
export const entryColumns: ReadonlyArray<Column<ListedEntry>> = [
  { name: 'key', value: ({ key }) => printKey(key), title: 'KEY' },
  { name: 'type', value: (entry) => typeOf(entry), title: 'TYPE' },
  { name: 'size', value: ({ size }) => size, title: 'SIZE', text: ({ size }) => bytesText(size), isNumber: true },
  ttlColumn,
  { name: 'tagged', value: (entry) => isTagged(entry), plain: false },
  { name: 'tags', value: ({ tags }) => tags?.map((tag) => printKey(tag)), plain: tagsText, title: 'TAGS' },
  {
    name: 'detectedBy',
    value: ({ lock }) => lock,
    title: 'DETECTED BY',
    text: ({ lock }) => (lock === undefined ? '' : DETECTED_BY[lock]),
  },
  {
    name: 'idle',
    value: ({ idle }) => idle,
    title: 'IDLE',
    text: ({ idle }) => (idle === undefined ? '' : formatDuration(idle)),
    isNumber: true,
  },
  { name: 'meaning', value: ({ key }) => meaningOfEntry(key), plain: false, title: 'MEANING', text: meaningText },
];

/** The columns of `keys --sort`: the key and, at a terminal, the sort key. */
export function sortedColumns(order: Order): ReadonlyArray<Column<ListedEntry>> {
  return entryColumns
    .filter(({ name }) => name === 'key' || name === order)
    .map((column) => (column.name === 'key' ? column : { ...column, plain: false as const }));
}

/** The type as in `get --json`, `lock`, the store's type of what is no entry (`list`), or the code of the error. */
function typeOf({ lock, reading }: ListedEntry): string | undefined {
  if (lock !== undefined) return 'lock';
  return reading === undefined ? undefined : typeOfReading(reading);
}

function typeOfReading(reading: Exclude<Reading, undefined>): string {
  try {
    if (reading instanceof Error) throw reading;
    return reading.decode().type;
  } catch (error) {
    if (error instanceof WrongTypeError) return error.type ?? error.code;
    if (error instanceof UndecodableError) return error.code;
    return 'unreadable';
  }
}

/** Entries whose tags are unknown are recognized by the form of their keys. */
function isTagged({ key, tags = [] }: ListedEntry): boolean {
  return tags.length > 0 || tagHashOf(key) !== undefined;
}

function tagsText(entry: ListedEntry): string {
  const { tags = [] } = entry;
  if (tags.length > 0) return printNames(tags);
  return isTagged(entry) ? '(tagged)' : '';
}

function meaningText({ key }: ListedEntry): string {
  return meaningOfEntry(key) ?? '';
}
