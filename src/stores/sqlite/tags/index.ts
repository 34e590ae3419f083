import { setImmediate as nextTurn } from 'node:timers/promises';

import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../../contract/tags.js';
import type { SqliteContext } from '../context.js';

import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { now, ttlOf } from '../../sql/expiry.js';
import { TagOrders } from '../../tags/order.js';
import { literalKeysUnder, taggedKeysUnder } from '../keys.js';

/** Rows per page. */
const PAGE = 10_000;

/** Tags per page. */
const TAGS = 1000;

export async function openTagIndex(context: SqliteContext): Promise<TagIndex> {
  return new SqliteTagIndex(context);
}

/** The tag table has a row for each entry of a tag, with the prefix in front of both. */
class SqliteTagIndex implements TagIndex {
  readonly isSorted = true;
  readonly #context: SqliteContext;

  constructor(context: SqliteContext) {
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

    for await (const rows of this.#pages({ tagsLike: literalHead(pattern) }, signal)) {
      for (const row of rows) {
        const name = this.#short(row.tag);
        if (current?.name !== name) {
          close();
          current = { name, entries: 0, stale: 0 };
        }

        if (row.expiration === null) current.stale++;
        else current.entries++;
      }

      if (listed.length < TAGS) continue;
      yield listed;
      listed = [];
    }

    close();
    if (listed.length > 0) yield listed;
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    const orders = new TagOrders(name, (listedKey) => this.#tagsOf(listedKey));
    for await (const rows of this.#pages({ tag: name }, signal)) {
      const at = now();
      const members: TagMember[] = [];
      for (const { key, expiration } of rows) {
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
    for await (const rows of this.#pages({ tagsLike: literalHead(pattern) }, signal)) {
      const named = rows.filter(({ tag }) => matches(this.#short(tag)));
      for (const { tag } of named) tags.add(tag.toString('latin1'));
      const stale = named.filter(({ expiration }) => expiration === null);
      if (stale.length === 0) continue;
      removed += dryRun ? stale.length : this.#remove(stale);
      onProgress?.({ done: removed });
    }

    return { tags: tags.size, removed };
  }

  /** Rows ordered by tag and key, of one tag or of a prefix of tags. No transaction stays open between pages. */
  async *#pages(of: Selection, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[]> {
    const page: { rows: readonly Row[] } = { rows: [] };
    do {
      signal?.throwIfAborted();
      page.rows = this.#page(of, page.rows.at(-1));
      if (page.rows.length > 0) yield page.rows;
      // Lets a signal arrive, and other processes write.
      await nextTurn();
    } while (page.rows.length === PAGE);
  }

  #page(of: Selection, after: Row | undefined): readonly Row[] {
    const { connection, tables, prefix } = this.#context;
    const under = 'tag' in of ? 'tags.tag = CAST(@tag AS TEXT)' : literalKeysUnder(prefix + of.tagsLike, 'tags.tag');
    const tag = 'tag' in of ? { tag: keyToBytes(prefix + of.tag) } : {};
    const beyond = after ? `AND (tags.tag, tags.key) > (CAST(@afterTag AS TEXT), CAST(@afterKey AS TEXT))` : '';
    return connection.run(() => {
      const tagRows = tables.tagRows();
      if (tagRows === undefined || !tables.has('cache')) return [];
      return connection
        .statement<Row>(
          `SELECT CAST(tags.tag AS BLOB) AS tag, CAST(tags.key AS BLOB) AS key, cache.expiration
           FROM ${tagRows} AS tags LEFT JOIN ${tables.cache} AS cache ON cache.key = tags.key AND +cache.expiration > @at
           WHERE ${under} AND ${taggedKeysUnder(prefix, '+tags.key')} ${beyond}
           ORDER BY tags.tag, tags.key LIMIT ${PAGE}`,
        )
        .all({ at: now(), ...tag, ...(after && { afterTag: after.tag, afterKey: after.key }) });
    });
  }

  /** Keeps entries that were put again meanwhile. */
  #remove(stale: readonly Row[]): number {
    const { connection, tables } = this.#context;
    return connection.write(() => {
      if (!tables.has('tags')) return 0;
      const at = now();
      let removed = 0;
      const statement = connection.statement(
        `DELETE FROM ${tables.tags} WHERE tag = CAST(@tag AS TEXT) AND key = CAST(@key AS TEXT)
         AND NOT EXISTS (SELECT 1 FROM ${tables.cache} AS cache WHERE cache.key = CAST(@key AS TEXT) AND +cache.expiration > @at)`,
      );
      for (const { tag, key } of stale) removed += statement.run({ tag, key, at }).changes;
      return removed;
    });
  }

  #tagsOf(listedKey: string): readonly string[] {
    const { connection, tables, prefix } = this.#context;
    return connection.run(() =>
      connection
        .statement<{ tag: Buffer }>(
          `SELECT CAST(tag AS BLOB) AS tag FROM ${tables.tagRows()}
           WHERE key = CAST(@key AS TEXT) AND ${literalKeysUnder(prefix, '+tag')}`,
        )
        .all({ key: keyToBytes(prefix + listedKey) })
        .map(({ tag }) => this.#short(tag)),
    );
  }

  #short(stored: Buffer): string {
    return keyFromBytes(stored.subarray(Buffer.byteLength(this.#context.prefix)));
  }
}

type Selection = { readonly tag: string } | { readonly tagsLike: string };

interface Row {
  /** With the prefix, as bytes. */
  readonly tag: Buffer;
  readonly key: Buffer;
  /** The entry's expiry; null if it is gone or has expired. */
  readonly expiration: null | number;
}
