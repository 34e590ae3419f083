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
    let rows: readonly TagRow[] = [];
    do {
      signal?.throwIfAborted();
      rows = await this.#page(of, rows.at(-1));
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

  async #page(of: TagSelection, after: TagRow | undefined): Promise<readonly TagRow[]> {
    const { dialect, entries, tables } = this.#context;
    const key = sql`tags.${dialect.key}`;
    const { where, order } = this.#range(of, key, after);
    // The page comes first: a planner without statistics joins both tables whole for each page.
    const { rows } = await entries.page<TagRow>(
      sql`SELECT ${TAG} AS tag, ${key} AS ${dialect.key}, cache.expiration AS expiration, ${dialect.now} AS at
          FROM (SELECT ${TAG} AS tag, ${key} AS ${dialect.key} FROM ${tables.tags} AS tags
                WHERE ${where} ORDER BY ${order} LIMIT ${PAGE_SIZE}) AS tags
          LEFT JOIN ${tables.cache} AS cache ON cache.${dialect.key} = ${key} AND cache.expiration > ${dialect.now}
          ORDER BY ${order}`,
    );
    return rows;
  }

  /** The rows after another one. Rows of one tag are in the order of keys, so that the server does not sort the join. */
  #range(of: TagSelection, key: Sql, after: TagRow | undefined): { readonly where: Sql; readonly order: Sql } {
    const { dialect, prefix } = this.#context;
    if ('tag' in of) {
      const isTag = sql`${TAG} = ${textBytes(keyToBytes(prefix + of.tag))}`;
      return { where: after === undefined ? isTag : sql`${isTag} AND ${key} > ${textBytes(after.key)}`, order: key };
    }

    const head = prefix + of.tagsLike;
    const isUnder = head === '' ? TRUE : dialect.beginsWith(TAG, keyToBytes(head));
    const isBehind =
      after === undefined ? TRUE : dialect.follows([TAG, textBytes(after.tag)], [key, textBytes(after.key)]);
    return { where: sql`${isUnder} AND ${isBehind}`, order: sql`${TAG}, ${key}` };
  }
}

const TAG = raw('tags.tag');

function distinct(texts: readonly Buffer[]): readonly Buffer[] {
  return [...new Map(texts.map((text) => [text.toString('latin1'), text])).values()];
}
