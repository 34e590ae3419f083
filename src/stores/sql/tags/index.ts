import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../../contract/tags.js';
import type { SqlContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { TagOrders } from '../../tags/order.js';
import { ttlOf } from '../expiry.js';
import { isTaggedKey } from '../keys.js';
import { joined, raw, type Sql, sql, TRUE } from '../statement.js';
import { shortText, textBytes } from '../text.js';
import { namesOf } from './of-keys.js';

export async function openTagIndex(context: SqlContext): Promise<TagIndex> {
  return new SqlTagIndex(context);
}

interface Row {
  readonly tag: Buffer;
  readonly key: Buffer;
  /** The entry's expiry; null if it is gone or has expired. */
  readonly expiration: null | number;
  readonly at: number;
}

/** The tag table has a row for each entry of a tag, with the prefix in front of both. */
class SqlTagIndex implements TagIndex {
  readonly isSorted = true;
  readonly #context: SqlContext;

  constructor(context: SqlContext) {
    this.#context = context;
  }

  /** Joins every row with its entry, so the count of live entries is exact. */
  async *tags({ signal, pattern = '*' }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    const matches = globMatcher(pattern);
    let listed: ListedTag[] = [];
    let current: { readonly name: string; entries: number; stale: number } | undefined;
    const close = (): void => {
      if (current !== undefined && matches(current.name)) listed.push(current);
    };

    for await (const rows of this.#pages(this.#tagsLike(pattern), signal)) {
      for (const row of rows) {
        const name = this.#short(row.tag);
        if (current?.name !== name) {
          close();
          current = { name, entries: 0, stale: 0 };
        }

        if (row.expiration === null) current.stale++;
        else current.entries++;
      }

      if (listed.length > 0) yield listed;
      listed = [];
    }

    close();
    if (listed.length > 0) yield listed;
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    const { prefix } = this.#context;
    const orders = new TagOrders(name, async (listedKey) => this.#tagsOf(listedKey));
    const isTag = sql`${TAG} = ${textBytes(keyToBytes(prefix + name))}`;
    for await (const rows of this.#pages(isTag, signal)) {
      const members: TagMember[] = [];
      for (const { key, expiration, at } of rows) {
        const about = await orders.of(this.#short(key));
        const isStale = expiration === null;
        members.push({ ...about, isStale, ttl: isStale ? undefined : ttlOf(expiration, at) });
      }

      yield members;
    }
  }

  async prune({ signal, onProgress, pattern = '*', dryRun }: PruneTagsOptions): Promise<PruneTagsResult> {
    signal?.throwIfAborted();
    const matches = globMatcher(pattern);
    const tags = new Set<string>();
    let removed = 0;
    for await (const rows of this.#pages(this.#tagsLike(pattern), signal)) {
      const named = rows.filter(({ tag }) => matches(this.#short(tag)));
      for (const { tag } of named) tags.add(tag.toString('latin1'));
      const stale = named.filter(({ expiration }) => expiration === null);
      if (stale.length === 0) continue;
      removed += dryRun ? stale.length : await this.#remove(stale);
      onProgress?.({ done: removed });
    }

    return { tags: tags.size, removed };
  }

  #tagsLike(pattern: string): Sql {
    const head = this.#context.prefix + literalHead(pattern);
    return head === '' ? TRUE : this.#context.dialect.beginsWith(TAG, keyToBytes(head));
  }

  /** Rows ordered by tag and key. No transaction stays open between pages. */
  async *#pages(where: Sql, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    if (!(await this.#context.tables.has('tags'))) return;
    let rows: readonly Row[] = [];
    do {
      signal?.throwIfAborted();
      rows = await this.#page(where, rows.at(-1));
      const ours = rows.filter(({ key }) => isTaggedKey(key, this.#context.prefix));
      if (ours.length > 0) yield ours;
    } while (rows.length === PAGE_SIZE);
  }

  async #page(where: Sql, after: Row | undefined): Promise<readonly Row[]> {
    const { dialect, entries, tables } = this.#context;
    const key = sql`tags.${dialect.key}`;
    const isBehind =
      after === undefined
        ? TRUE
        : sql`(${TAG} > ${textBytes(after.tag)} OR (${TAG} = ${textBytes(after.tag)} AND ${key} > ${textBytes(after.key)}))
              AND ${TAG} >= ${textBytes(after.tag)}`;
    const { rows } = await entries.run<Row>(
      sql`SELECT ${TAG} AS tag, ${key} AS ${dialect.key}, cache.expiration AS expiration, ${dialect.now} AS at
          FROM ${tables.tags} AS tags LEFT JOIN ${tables.cache} AS cache
          ON cache.${dialect.key} = ${key} AND cache.expiration > ${dialect.now}
          WHERE ${where} AND ${isBehind} ORDER BY ${TAG}, ${key} LIMIT ${PAGE_SIZE}`,
    );
    return rows;
  }

  /** Keeps entries that were stored again in the meantime. */
  async #remove(stale: readonly Row[]): Promise<number> {
    const { dialect, entries, tables } = this.#context;
    const members = joined(
      stale.map(({ tag, key }) => sql`(${textBytes(tag)}, ${textBytes(key)})`),
      ', ',
    );
    const own = sql`${tables.tags}.${dialect.key}`;
    const isThere = sql`SELECT 1 FROM ${tables.cache} AS cache WHERE cache.${dialect.key} = ${own} AND cache.expiration > ${dialect.now}`;
    const { count } = await entries.run(
      sql`DELETE FROM ${tables.tags} WHERE (tag, ${dialect.key}) IN (${members}) AND NOT EXISTS (${isThere})`,
    );
    return count;
  }

  async #tagsOf(listedKey: string): Promise<readonly string[]> {
    const key = keyToBytes(this.#context.prefix + listedKey);
    const names = await namesOf(this.#context, [key]);
    return names.get(key.toString('latin1')) ?? [];
  }

  #short(stored: Buffer): string {
    return shortText(stored, this.#context.prefix);
  }
}

const TAG = raw('tags.tag');
