import { taggedKey } from '../../src/stores/tags/names.js';
import { Database } from '../../test/support/database.js';
import { cachectl } from '../peak-memory.js';

/** The profile URL of the file. */
export function sqliteUrl(file: string, prefix: string): string {
  return `sqlite://${file}?prefix=${prefix}`;
}

/** Store that many entries under each prefix, in a file that cachectl created. */
export async function seedSqlite(file: string, prefixes: readonly string[], entries: number): Promise<void> {
  await cachectl(['put', 'first', 'x', '--url', sqliteUrl(file, 'made-')]);
  const database = new Database(file);
  for (const prefix of prefixes) insert(database, `${prefix}users:`, entries);
  database.close();
}

/** Store that many entries with one tag. */
export async function seedTaggedSqlite(file: string, prefix: string, tag: string, entries: number): Promise<void> {
  await cachectl(['put', 'first', 'x', '--tags', 'made', '--url', sqliteUrl(file, 'made-')]);
  const database = new Database(file);
  const head = prefix + taggedKey([tag], 'users:');
  insert(database, head, entries);
  database
    .prepare('INSERT INTO cachectl_tags (tag, key) SELECT ?, key FROM cache WHERE key >= ? AND key < ?')
    .run(prefix + tag, head, `${head}~`);
  database.close();
}

function insert(database: Database, head: string, entries: number): void {
  database
    .prepare(
      `WITH RECURSIVE numbers (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM numbers WHERE at + 1 < ?)
       INSERT INTO cache (key, value, expiration)
       SELECT ? || at || ':profile', 's:24:"value of the user ' || substr('000000' || (at % 1000000), -6) || '";', unixepoch() + 86400 FROM numbers`,
    )
    .run(entries, head);
}
