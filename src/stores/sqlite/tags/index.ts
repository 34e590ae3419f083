import { setImmediate as nextTurn } from 'node:timers/promises';

import type { TagIndex } from '../../contract/tags.js';
import type { SqliteContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { now } from '../../sql/expiry.js';
import { TableTagIndex, type TagRow, type TagSelection, type TagTable } from '../../sql/tags/table-index.js';
import { literalKeysUnder, taggedKeysUnder } from '../keys.js';
import { bound, shortKey } from '../listing/row-keys.js';
import { namesOf } from './of-key.js';

/** Rows per page. */
const PAGE = 10_000;

export async function openTagIndex(context: SqliteContext): Promise<TagIndex> {
  return new TableTagIndex(new SqliteTagTable(context));
}

class SqliteTagTable implements TagTable {
  readonly #context: SqliteContext;

  constructor(context: SqliteContext) {
    this.#context = context;
  }

  async *pages(of: TagSelection, signal: AbortSignal | undefined): AsyncGenerator<readonly TagRow[]> {
    let rows: readonly TagRow[] = [];
    do {
      signal?.throwIfAborted();
      rows = this.#page(of, rows.at(-1));
      if (rows.length > 0) yield rows;
      // Lets a signal arrive, and other processes write.
      await nextTurn();
    } while (rows.length === PAGE);
  }

  async remove(stale: readonly TagRow[]): Promise<number> {
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

  async tagsOf(listedKey: string): Promise<readonly string[]> {
    const { connection, prefix } = this.#context;
    return connection.run(() => namesOf(this.#context, bound(prefix + listedKey)));
  }

  short(stored: Buffer): string {
    return shortKey(stored, this.#context.prefix);
  }

  #page(of: TagSelection, after: TagRow | undefined): readonly TagRow[] {
    const { connection, tables, prefix } = this.#context;
    const under = 'tag' in of ? 'tags.tag = CAST(@tag AS TEXT)' : literalKeysUnder(prefix + of.tagsLike, 'tags.tag');
    const tag = 'tag' in of ? { tag: keyToBytes(prefix + of.tag) } : {};
    const beyond = after ? `AND (tags.tag, tags.key) > (CAST(@afterTag AS TEXT), CAST(@afterKey AS TEXT))` : '';
    return connection.run(() => {
      const tagRows = tables.tagRows();
      if (tagRows === undefined || !tables.has('cache')) return [];
      return connection
        .statement<TagRow>(
          `SELECT CAST(tags.tag AS BLOB) AS tag, CAST(tags.key AS BLOB) AS key, cache.expiration, @at AS at
           FROM ${tagRows} AS tags LEFT JOIN ${tables.cache} AS cache ON cache.key = tags.key AND +cache.expiration > @at
           WHERE ${under} AND ${taggedKeysUnder(prefix, '+tags.key')} ${beyond}
           ORDER BY tags.tag, tags.key LIMIT ${PAGE}`,
        )
        .all({ at: now(), ...tag, ...(after && { afterTag: after.tag, afterKey: after.key }) });
    });
  }
}
