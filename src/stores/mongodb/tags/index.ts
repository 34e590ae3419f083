import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../../contract/tags.js';
import type { MongodbContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { inTagOrder } from '../../tags/names.js';
import { untaggedKey } from '../../tags/order.js';
import { isLive, later, ttlOf } from '../expiry.js';
import { storable } from '../ids.js';
import { idsUnder, taggedIdsUnder } from '../keys.js';

export async function openTagIndex(context: MongodbContext): Promise<TagIndex> {
  return new MongodbTagIndex(context);
}

/** Each document has its tags in an array, each with the prefix. */
class MongodbTagIndex implements TagIndex {
  readonly isSorted = true;
  readonly neverStale = 'MongoDB entries carry their own tags, so there are no stale tag indexes.';
  readonly #context: MongodbContext;

  constructor(context: MongodbContext) {
    this.#context = context;
  }

  /** One aggregation: the server reads the collection once. */
  async *tags({ signal, pattern = '*' }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    signal?.throwIfAborted();
    const { connection, prefix } = this.#context;
    const matches = globMatcher(pattern);
    const counted = connection.stream(({ entries, now }, answers) =>
      answers(
        entries.aggregate<{ _id: string; entries: unknown }>(
          [
            { $match: { _id: taggedIdsUnder(prefix), tags: idsUnder(prefix), expires_at: later(now()) } },
            { $project: { tags: 1 } },
            { $unwind: '$tags' },
            { $match: { tags: idsUnder(prefix + literalHead(pattern)) } },
            { $group: { _id: '$tags', entries: { $sum: 1 } } },
            { $sort: { _id: 1 } },
          ],
          { allowDiskUse: true, batchSize: PAGE_SIZE },
        ),
      ),
    );
    let page: ListedTag[] = [];
    for await (const { _id, entries } of counted) {
      signal?.throwIfAborted();
      const name = _id.slice(prefix.length);
      if (!matches(name)) continue;
      page.push({ name, entries: Number(entries), stale: 0 });
      if (page.length < PAGE_SIZE) continue;
      yield page;
      page = [];
    }

    if (page.length > 0) yield page;
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    signal?.throwIfAborted();
    const { connection, prefix } = this.#context;
    const found = connection.stream(async function* ({ entries, now }, answers) {
      const documents = entries
        .find({ tags: storable(prefix + name), _id: taggedIdsUnder(prefix), expires_at: later(now()) })
        .project<{ _id: string; tags: unknown; expires_at: unknown }>({ tags: 1, expires_at: 1 })
        .batchSize(PAGE_SIZE);
      for await (const { _id, tags, expires_at } of answers(documents)) {
        const at = now();
        // It may have expired while earlier ones were read.
        if (isLive(expires_at, at)) yield { listedKey: _id.slice(prefix.length), tags, ttl: ttlOf(expires_at, at) };
      }
    });
    let page: TagMember[] = [];
    for await (const { listedKey, tags, ttl } of found) {
      signal?.throwIfAborted();
      page.push({ ...tagging(listedKey, tagsUnder(prefix, tags)), listedKey, isStale: false, ttl });
      if (page.length < PAGE_SIZE) continue;
      yield page;
      page = [];
    }

    if (page.length > 0) yield page;
  }

  /** Removes nothing: the index on `expires_at` removes expired entries together with their tags. */
  async prune({ signal, pattern }: PruneTagsOptions): Promise<PruneTagsResult> {
    let tags = 0;
    for await (const page of this.tags({ ...(signal && { signal }), ...(pattern !== undefined && { pattern }) })) {
      tags += page.length;
    }

    return { tags, removed: 0 };
  }
}

/** The tag names under the prefix in a document's field, without the prefix. */
export function tagsUnder(prefix: string, field: unknown): readonly string[] {
  if (!Array.isArray(field)) return [];
  return field
    .filter((tag): tag is string => typeof tag === 'string' && tag.startsWith(prefix))
    .map((tag) => tag.slice(prefix.length));
}

function tagging(listedKey: string, tags: readonly string[]): Pick<TagMember, 'isOrdered' | 'key' | 'tags'> {
  const ordered = inTagOrder(tags, listedKey);
  return { key: untaggedKey(listedKey), tags: ordered ?? tags, isOrdered: ordered !== undefined };
}
