import type { ListedTag, TagMember } from '../../stores/contract/tags.js';
import type { JsonFields } from '../../terminal/json.js';

import { answerList } from '../../runtime/json-list.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { formatDuration } from '../../terminal/durations.js';
import { LinePrinter } from '../../terminal/line-printer.js';
import { answer, answersAPerson } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { ttlField } from '../../terminal/value-text.js';

/** Rows of one table on a terminal: all that most caches have, and no more memory than that where there are more. */
const PAGE = 500;

/** How a list is printed, for programs and for people. */
interface ListFormat<Item> {
  readonly head: readonly string[];
  row(item: Item): string[];
  /** Fields between tabs, in a pipe. */
  line(item: Item): readonly string[];
  fields(item: Item): JsonFields;
}

/** Name, entries and stale members of each; the numbers only where the store tells them. Returns how many were printed. */
export async function printTags(tags: AsyncIterable<ListedTag>, json: boolean): Promise<number> {
  return printList(tags, json, {
    head: ['TAG', 'ENTRIES', 'STALE'],
    row: ({ name, entries, stale }) => [
      printKey(name),
      entries === undefined ? '' : count(entries),
      stale === undefined || stale === 0 ? '' : count(stale),
    ],
    line: ({ name, entries, stale }) => [
      printKey(name),
      ...(entries === undefined ? [] : [String(entries), String(stale ?? 0)]),
    ],
    fields: ({ name, entries, stale }) => ({ name: printKey(name), entries: entries ?? null, stale: stale ?? null }),
  });
}

/** Key, seconds left, tags and listed key of each. Returns how many were printed. */
export async function printMembers(members: AsyncIterable<TagMember>, json: boolean): Promise<number> {
  return printList(members, json, {
    head: ['KEY', 'EXPIRES', 'TAGS, IN THEIR ORDER', 'LISTED AS'],
    row: (member) => [printKey(member.key), expiryText(member), tagsText(member), printKey(member.listedKey)],
    line: ({ key, ttl, isStale, tags, isOrdered, listedKey }) => [
      printKey(key),
      isStale ? 'stale' : ttl === null ? 'never' : String(ttl ?? 'unknown'),
      // Half of them would not find it.
      isOrdered ? printNames(tags) : '',
      printKey(listedKey),
    ],
    fields: ({ key, ttl, isStale, tags, isOrdered, listedKey }) => ({
      key: printKey(key),
      tags: tags.map((tag) => printKey(tag)),
      ordered: isOrdered,
      stale: isStale,
      ttl: isStale ? null : ttlField(ttl),
      listedKey: printKey(listedKey),
    }),
  });
}

async function printList<Item>(
  items: AsyncIterable<Item>,
  json: boolean,
  { head, row, line, fields }: ListFormat<Item>,
): Promise<number> {
  let printed = 0;
  const counted = (async function* (): AsyncGenerator<Item> {
    for await (const item of items) {
      printed++;
      yield item;
    }
  })();
  if (json) await answerList(counted, fields);
  else await (answersAPerson() ? printTables(counted, head, row) : printLines(counted, line));
  return printed;
}

async function printTables<Item>(
  items: AsyncIterable<Item>,
  head: readonly string[],
  row: (item: Item) => string[],
): Promise<void> {
  const { compactTable } = await import('../../terminal/table.js');
  let page: string[][] = [];
  for await (const item of items) {
    page.push(row(item));
    if (page.length < PAGE) continue;
    await answer(compactTable(head, page));
    page = [];
  }

  if (page.length > 0) await answer(compactTable(head, page));
}

async function printLines<Item>(items: AsyncIterable<Item>, line: (item: Item) => readonly string[]): Promise<void> {
  const printer = new LinePrinter();
  try {
    for await (const item of items) {
      await printer.print(`${line(item).join('\t')}\n`);
    }
  } finally {
    await printer.flush();
  }
}

function expiryText({ isStale, ttl }: TagMember): string {
  if (isStale) return 'stale';
  if (ttl === undefined) return 'not told';
  return ttl === null ? 'never' : `in ${formatDuration(ttl)}`;
}

function tagsText({ tags, isOrdered }: TagMember): string {
  return printNames(tags) + (isOrdered ? '' : ', perhaps others');
}
