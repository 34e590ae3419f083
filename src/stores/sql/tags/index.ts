import type { TagIndex } from '../../contract/tags.js';
import type { SqlContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { isTaggedKey } from '../keys.js';
import { raw, type Sql, sql, TRUE } from '../statement.js';
import { shortText, textBytes } from '../text.js';
import { namesOf } from './of-keys.js';
import { TableTagIndex, type TagRow, type TagSelection, type TagTable } from './table-index.js';

export async function openTagIndex(context: SqlContext): Promise<TagIndex> {
  return new TableTagIndex(new SqlTagTable(context));
}

class SqlTagTable implements TagTable {
  readonly #context: SqlContext;

  constructor(context: SqlContext) {
    this.#context = context;
  }

  async *pages(of: TagSelection, signal: AbortSignal | undefined): AsyncGenerator<readonly TagRow[]> {
    if (!(await this.#context.tables.has('tags'))) return;
    const where = this.#where(of);
    let rows: readonly TagRow[] = [];
    do {
      signal?.throwIfAborted();
      rows = await this.#page(where, rows.at(-1));
      const ours = rows.filter(({ key }) => isTaggedKey(key, this.#context.prefix));
      if (ours.length > 0) yield ours;
    } while (rows.length === PAGE_SIZE);
  }

  async remove(stale: readonly TagRow[]): Promise<number> {
    const { dialect, entries, tables } = this.#context;
    // Not by pairs of tag and key: MySQL compares those one by one. What else matches is stale as well.
    const isTag = dialect.isOneOf(raw('tag'), distinct(stale.map(({ tag }) => tag)));
    const isKey = dialect.isOneOf(dialect.key, distinct(stale.map(({ key }) => key)));
    const own = sql`${tables.tags}.${dialect.key}`;
    const isThere = sql`SELECT 1 FROM ${tables.cache} AS cache WHERE cache.${dialect.key} = ${own} AND cache.expiration > ${dialect.now}`;
    const { count } = await entries.run(
      sql`DELETE FROM ${tables.tags} WHERE ${isTag} AND ${isKey} AND NOT EXISTS (${isThere})`,
    );
    return count;
  }

  async tagsOf(listedKey: string): Promise<readonly string[]> {
    const key = keyToBytes(this.#context.prefix + listedKey);
    const names = await namesOf(this.#context, [key]);
    return names.get(key.toString('latin1')) ?? [];
  }

  short(stored: Buffer): string {
    return shortText(stored, this.#context.prefix);
  }

  #where(of: TagSelection): Sql {
    const { dialect, prefix } = this.#context;
    if ('tag' in of) return sql`${TAG} = ${textBytes(keyToBytes(prefix + of.tag))}`;
    const head = prefix + of.tagsLike;
    return head === '' ? TRUE : dialect.beginsWith(TAG, keyToBytes(head));
  }

  async #page(where: Sql, after: TagRow | undefined): Promise<readonly TagRow[]> {
    const { dialect, entries, tables } = this.#context;
    const key = sql`tags.${dialect.key}`;
    const isBehind =
      after === undefined ? TRUE : dialect.follows([TAG, textBytes(after.tag)], [key, textBytes(after.key)]);
    // The page comes first: a planner without statistics joins both tables whole for each page.
    const { rows } = await entries.run<TagRow>(
      sql`SELECT ${TAG} AS tag, ${key} AS ${dialect.key}, cache.expiration AS expiration, ${dialect.now} AS at
          FROM (SELECT ${TAG} AS tag, ${key} AS ${dialect.key} FROM ${tables.tags} AS tags
                WHERE ${where} AND ${isBehind} ORDER BY ${TAG}, ${key} LIMIT ${PAGE_SIZE}) AS tags
          LEFT JOIN ${tables.cache} AS cache ON cache.${dialect.key} = ${key} AND cache.expiration > ${dialect.now}
          ORDER BY ${TAG}, ${key}`,
    );
    return rows;
  }
}

const TAG = raw('tags.tag');

function distinct(texts: readonly Buffer[]): readonly Buffer[] {
  return [...new Map(texts.map((text) => [text.toString('latin1'), text])).values()];
}
