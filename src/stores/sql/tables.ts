import type { Connection } from './connection.js';
import type { DefinedTable, Dialect } from './dialect.js';
import type { Sql } from './statement.js';

import { tagsTableOf } from './tag-table.js';

interface Names {
  readonly table: string;
  readonly lockTable: string;
}

/** The table of waiters, shared by all lock tables of a database. */
const WAITERS = 'cachectl_waiters';

/** The tables of a cache by role. cachectl creates them only on request. */
export class Tables {
  /** Quoted for SQL. */
  readonly cache: Sql;
  readonly locks: Sql;
  readonly tags: Sql;
  readonly waiters: Sql;
  readonly #dialect: Dialect;
  readonly #connections: Readonly<Record<DefinedTable, Connection>>;
  readonly #names: Readonly<Record<DefinedTable, string>>;
  readonly #found = new Set<DefinedTable>();
  readonly #creating = new Map<DefinedTable, Promise<void>>();

  constructor(dialect: Dialect, { table, lockTable }: Names, entries: Connection, locks: Connection) {
    this.#dialect = dialect;
    this.#connections = { cache: entries, tags: entries, locks, waiters: locks };
    this.#names = { cache: table, locks: lockTable, tags: tagsTableOf(table), waiters: WAITERS };
    this.cache = dialect.identifier(this.#names.cache);
    this.locks = dialect.identifier(this.#names.locks);
    this.tags = dialect.identifier(this.#names.tags);
    this.waiters = dialect.identifier(this.#names.waiters);
  }

  /** Unquoted. */
  nameOf(role: DefinedTable): string {
    return this.#names[role];
  }

  connectionOf(role: DefinedTable): Connection {
    return this.#connections[role];
  }

  /** Whether the table exists. A positive answer is cached. */
  async has(role: DefinedTable): Promise<boolean> {
    if (this.#found.has(role)) return true;
    const { rows } = await this.#connections[role].run(this.#dialect.exists(this.#names[role]));
    if (rows.length > 0) this.#found.add(role);
    return rows.length > 0;
  }

  /**
   * Create the table if it is missing, after asking once.
   * @param ask throws if it may not be created
   */
  async ensure(role: DefinedTable, ask: () => Promise<void>): Promise<void> {
    if (await this.has(role)) return;
    let creating = this.#creating.get(role);
    if (creating === undefined) {
      creating = ask().then(async () => this.create(role));
      this.#creating.set(role, creating);
    }

    try {
      await creating;
    } catch (error) {
      // Another process may have been first.
      if (!(await this.has(role))) throw error;
    }
  }

  async create(role: DefinedTable): Promise<void> {
    for (const statement of this.#dialect.definition(role, this.#names[role], this.#names.cache)) {
      await this.#connections[role].run(statement);
    }
  }
}
