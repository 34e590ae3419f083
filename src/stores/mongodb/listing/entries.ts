import type { AbstractCursor } from 'mongodb';

import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { MongodbContext } from '../context.js';
import type { Answers, Deployment, EntryDocument } from '../deployment.js';

import { pageAt } from '../../contract/listing.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { MAX_AT_ONCE } from '../../listing/byte-limit.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isScheduleMutex } from '../../locks/names.js';
import { tagHashOf } from '../../tags/names.js';
import { entryOf } from '../entries.js';
import { isUnknownOperator } from '../errors.js';
import { isLive, later, ttlOf } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { AS_STORED, FieldCodec, storedBytes } from '../values.js';

/** An entry's document. A text value that is not needed is replaced by its length. */
export interface Listed extends EntryDocument {
  readonly size?: unknown;
}

/** List live entries in the order of the index on `_id`. */
export async function* listEntries(context: MongodbContext, options: ListEntriesOptions = {}): EntryPages {
  for await (const page of listDocuments(context, options)) {
    const entries = page.map(({ entry }) => entry);
    yield pageAt(entries, context.prefix + entries.at(-1)!.key);
  }
}

/** An entry and its `expires_at`, which differs if the entry is replaced. */
export interface ListedDocument {
  readonly entry: ListedEntry;
  readonly expires: Date;
}

export async function* listDocuments(
  context: MongodbContext,
  options: ListEntriesOptions,
): AsyncGenerator<readonly ListedDocument[]> {
  const { signal, pattern = '*', contents = false } = options;
  signal?.throwIfAborted();
  const matches = globMatcher(pattern);
  const listed = lister(context, options);
  const ids = idsUnder(context.prefix + literalHead(pattern), options.after);
  const pages = context.connection.stream(async function* (deployment, answers) {
    let page: ListedDocument[] = [];
    let bytes = 0;
    for await (const document of documents(deployment, answers, { ids, contents })) {
      const at = deployment.now();
      // It may have expired while earlier ones were read.
      if (!matches(keyOf(context, document)) || !isLive(document.expires_at, at)) continue;
      const entry = listed(document, at);
      page.push({ entry, expires: document.expires_at });
      bytes += contents ? entry.size : 0;
      if (page.length < PAGE_SIZE && bytes < MAX_AT_ONCE) continue;
      yield page;
      [page, bytes] = [[], 0];
    }

    if (page.length > 0) yield page;
  });
  for await (const page of pages) {
    signal?.throwIfAborted();
    yield page;
  }
}

/** Return a function that converts documents to entries. */
export function lister(
  context: MongodbContext,
  { contents, tags }: ListEntriesOptions,
): (document: Listed, at: number) => ListedEntry {
  const values = new FieldCodec(context.codec);
  return (document, at) => ({
    key: keyOf(context, document),
    ...(isScheduleMutex(keyOf(context, document)) && { lock: 'family' }),
    size: Number(document.size ?? storedBytes(document.value).length),
    ttl: ttlOf(document.expires_at, at),
    ...(tags && { tags: tagsOf(context, document) }),
    ...(contents && { reading: entryOf(document, values, at) }),
  });
}

function keyOf({ prefix }: MongodbContext, { _id }: Listed): string {
  return _id.slice(prefix.length);
}

/** In their stored order. */
function tagsOf({ prefix }: MongodbContext, { _id, tags }: Listed): readonly string[] {
  // An entry of another prefix that begins with this one has tags of that prefix.
  if (tagHashOf(_id.slice(prefix.length)) === undefined) return [];
  return Array.isArray(tags) ? tags.map((tag) => String(tag).slice(prefix.length)) : [];
}

type Ids = ReturnType<typeof idsUnder>;

async function* documents(
  deployment: Deployment,
  answers: Answers,
  { ids, contents }: { readonly ids: Ids; readonly contents: boolean },
): AsyncGenerator<Listed> {
  let isAnswered = false;
  try {
    const found = contents ? whole(deployment, ids) : measured(deployment, ids);
    for await (const document of answers(found)) {
      isAnswered = true;
      yield document;
    }
  } catch (error) {
    if (contents || isAnswered || !isUnknownOperator(error)) throw error;
    yield* answers(whole(deployment, ids));
  }
}

function whole({ entries, now }: Deployment, ids: Ids): AbstractCursor<Listed> {
  return entries
    .find({ _id: ids, expires_at: later(now()) }, AS_STORED)
    .sort({ _id: 1 })
    .batchSize(PAGE_SIZE);
}

/** The server measures texts, so that they are not transferred. */
function measured({ entries, now }: Deployment, ids: Ids): AbstractCursor<Listed> {
  return entries.aggregate<Listed>(
    [{ $match: { _id: ids, expires_at: later(now()) } }, { $sort: { _id: 1 } }, MEASURE],
    { ...AS_STORED, batchSize: PAGE_SIZE },
  );
}

// In BSON's order, texts are between '' (included) and {}.
const IS_TEXT = { $and: [{ $gte: ['$value', ''] }, { $lt: ['$value', { $literal: {} }] }] };

/** An aggregation stage that produces `Listed`. */
export const MEASURE = {
  $project: {
    expires_at: 1,
    tags: 1,
    size: { $cond: [IS_TEXT, { $strLenBytes: '$value' }, null] },
    value: { $cond: [IS_TEXT, null, '$value'] },
  },
} as const;
