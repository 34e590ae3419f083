import type { SqliteProfile } from '../../profiles/profile.js';
import type { Connection } from './connection.js';

import { identifier, SHARED_TAGS, tagsDefinition, tagsTableOf } from './tags/tables.js';

/** Laravel's two tables, and our own for what Laravel's database cache does not have. */
export type TableRole = 'cache' | 'locks' | 'tags';

/** The tables of one cache, by the role they play. They are made on the first write that needs them. */
export class Tables {
  /** Quoted, ready for SQL. */
  readonly cache: string;
  readonly locks: string;
  /** Of this cache table alone; for reading see `tagRows`. */
  readonly tags: string;
  readonly #connection: Connection;
  readonly #names: Readonly<Record<TableRole, string>>;
  readonly #indexed = new Map<TableRole, boolean>();

  constructor(connection: Connection, profile: Pick<SqliteProfile, 'lockTable' | 'table'>) {
    this.#connection = connection;
    this.#names = { cache: profile.table, locks: profile.lockTable, tags: tagsTableOf(profile.table) };
    this.cache = identifier(this.#names.cache);
    this.locks = identifier(this.#names.locks);
    this.tags = identifier(this.#names.tags);
  }

  /** Unquoted. */
  nameOf(role: TableRole): string {
    return this.#names[role];
  }

  /** Only within the connection's `run`, `read` or `write`. */
  has(role: TableRole): boolean {
    return this.#hasTable(this.#names[role]);
  }

  /**
   * What to select `tag` and `key` from; undefined where nothing is tagged. Until the first write after an older cachectl
   * that is the part of the table that all caches of the file shared. Only within the connection's `run`, `read` or `write`.
   */
  tagRows(): string | undefined {
    if (this.has('tags')) return this.tags;
    if (!this.#hasTable(SHARED_TAGS) || !this.has('cache')) return undefined;
    return `(SELECT tag, key FROM ${SHARED_TAGS} WHERE key IN (SELECT key FROM ${this.cache}))`;
  }

  /** Only within the connection's `write`. */
  create(role: TableRole): void {
    if (this.has(role)) return;
    // A new file gets the cache table in any case: without it the file looks like one that a mistyped path names.
    if (role === 'locks' && this.#isNewFile()) this.#connection.execute(this.#definition('cache'));
    this.#connection.execute(this.#definition(role));
  }

  /** Whether rows that expired are found without reading the whole table. Applications made before 2024 have no index. */
  findsExpiredFast(role: 'cache' | 'locks'): boolean {
    const known = this.#indexed.get(role);
    if (known !== undefined) return known;
    const found = this.#connection
      .statement(
        `SELECT 1 FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
         WHERE list.partial = 0 AND info.seqno = 0 AND info.name = 'expiration' COLLATE NOCASE`,
      )
      .get(this.#names[role]);
    this.#indexed.set(role, found !== undefined);
    return found !== undefined;
  }

  /** Only within the connection's `write`. */
  createExpirationIndex(role: 'cache' | 'locks'): void {
    this.#connection.execute(`CREATE INDEX IF NOT EXISTS ${this.#indexName(role)} ON ${this[role]} ("expiration")`);
    this.#indexed.delete(role);
  }

  #isNewFile(): boolean {
    return (
      this.#connection.statement(`SELECT 1 FROM sqlite_master WHERE name NOT LIKE 'cachectl%'`).get() === undefined
    );
  }

  #hasTable(name: string): boolean {
    if (!this.#connection.exists()) return false;
    const found = this.#connection
      .statement(`SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`)
      .get(name);
    return found !== undefined;
  }

  #indexName(role: TableRole): string {
    return identifier(`${this.#names[role]}_expiration_index`);
  }

  /** As Laravel's migration of 12 has them. */
  #definition(role: TableRole): string {
    const index = this.#indexName(role);
    switch (role) {
      case 'cache': {
        return `CREATE TABLE ${this.cache} ("key" varchar not null, "value" text not null, "expiration" integer not null, primary key ("key"));
                CREATE INDEX ${index} ON ${this.cache} ("expiration");`;
      }

      case 'locks': {
        return `CREATE TABLE ${this.locks} ("key" varchar not null, "owner" varchar not null, "expiration" integer not null, primary key ("key"));
                CREATE INDEX ${index} ON ${this.locks} ("expiration");`;
      }

      case 'tags': {
        return tagsDefinition(this.#names.cache);
      }
    }
  }
}
