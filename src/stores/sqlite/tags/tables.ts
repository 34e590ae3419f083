import type { Statements } from '../statements.js';

import { hasTable, identifier } from '../schema.js';

/**
 * Each cache table has its own tag table. Earlier versions kept the tags of all caches of a file in `cachectl_tags`,
 * so a flush of one lost the tags of the others. That table now belongs to `cache`, Laravel's default.
 */
export const SHARED_TAGS = 'cachectl_tags';

/** Unquoted. SQLite's names are case-insensitive. */
export function tagsTableOf(cacheTable: string): string {
  return cacheTable.toLowerCase() === 'cache' ? SHARED_TAGS : `${cacheTable}_cachectl_tags`;
}

/** Statements that create the tag table of a cache table. */
export function tagsDefinition(cacheTable: string): string {
  const name = tagsTableOf(cacheTable);
  const table = identifier(name);
  return `CREATE TABLE ${table} ("tag" text not null, "key" text not null, primary key ("tag", "key")) WITHOUT ROWID;
          CREATE INDEX ${identifier(`${name}_key`)} ON ${table} ("key");`;
}

/**
 * Move tags of other cache tables, stored by an older cachectl, into their own tag tables. A row is found by the hash
 * of the tags in its key. Only within `write`.
 */
export function separateTags(sql: Statements): void {
  for (const cacheTable of tablesWithoutTags(sql)) {
    const cache = identifier(cacheTable);
    const tags = identifier(tagsTableOf(cacheTable));
    sql.execute(tagsDefinition(cacheTable));
    sql.execute(`INSERT INTO ${tags} SELECT tag, key FROM ${SHARED_TAGS} WHERE key IN (SELECT key FROM ${cache})`);
    const alsoInCache = hasTable(sql, 'cache') ? 'AND key NOT IN (SELECT key FROM "cache")' : '';
    sql.execute(`DELETE FROM ${SHARED_TAGS} WHERE key IN (SELECT key FROM ${tags}) ${alsoInCache}`);
  }
}

/** Cache tables, by their columns, that share the tag table of `cache`. */
function tablesWithoutTags(sql: Statements): string[] {
  if (!hasTable(sql, SHARED_TAGS)) return [];
  return sql
    .statement<{ name: string }>(
      `SELECT name FROM sqlite_master AS cache
       WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' AND lower(name) <> 'cache'
       AND 3 = (SELECT count(*) FROM pragma_table_info(cache.name) AS info WHERE lower(info.name) IN ('key', 'value', 'expiration'))
       AND NOT EXISTS (SELECT 1 FROM sqlite_master AS tags WHERE lower(tags.name) = lower(cache.name) || '_cachectl_tags')`,
    )
    .all()
    .map(({ name }) => name);
}
