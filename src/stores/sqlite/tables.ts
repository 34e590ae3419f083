import type { SqliteProfile } from '../../profiles/profile.js';
import type { Connection } from './connection.js';

import { hasTableOrView, identifier } from './schema.js';
import { SHARED_TAGS, tagsDefinition, tagsTableOf } from './tags/tables.js';

/** Laravel's two tables, and cachectl's tag table. */
export type TableRole = 'cache' | 'locks' | 'tags';

/** The tables of a cache by their role. The first write that needs one creates it. */
export class Tables {
  /** Quoted for SQL. */
  readonly cache: string;
  readonly locks: string;
  /** The tag table of this cache table; for reads see `tagRows`. */
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

  /** Only within `run`, `read` or `write` of the connection. */
  has(role: TableRole): boolean {
    return this.#hasTable(this.#names[role]);
  }

  /**
   * The source of `tag` and `key` in a SELECT. Undefined without tags. Until the first write after an older cachectl,
   * it is this cache's part of the table that all caches of the file shared. Only within `run`, `read` or `write`.
   */
  tagRows(): string | undefined {
    if (this.has('tags')) return this.tags;
    if (!this.#hasTable(SHARED_TAGS) || !this.has('cache')) return undefined;
    return `(SELECT tag, key FROM ${SHARED_TAGS} WHERE key IN (SELECT key FROM ${this.cache}))`;
  }

  /** Only within `write` of the connection. */
  create(role: TableRole): void {
    if (this.has(role)) return;
    // A new file always gets the cache table; otherwise it would look like a wrong path.
    if (role === 'locks' && this.#isNewFile()) this.#connection.execute(this.#definition('cache'));
    this.#connection.execute(this.#definition(role));
  }

  /** Whether there is an index of expired rows. Applications from before 2024 have none. */
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

  /** Only within `write` of the connection. */
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
    return this.#connection.exists() && hasTableOrView(this.#connection, name);
  }

  #indexName(role: TableRole): string {
    return identifier(`${this.#names[role]}_expiration_index`);
  }

  /** As in the migration of Laravel 12. */
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
