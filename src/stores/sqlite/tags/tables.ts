import type { Statements } from '../statements.js';

import { SHARED_TAGS, tagsTableOf } from '../../sql/tag-table.js';
import { hasTable, identifier } from '../schema.js';

export { SHARED_TAGS, tagsTableOf } from '../../sql/tag-table.js';

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
