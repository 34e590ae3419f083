import type Sqlite from 'better-sqlite3';

import path from 'node:path';

import type { Binding, Database, OpenOptions, Statement } from './binding.js';

/**
 * SQLite through the library better-sqlite3. @param require loads it; throws if it is missing or built for another
 * Node
 */
export function betterBinding(require: NodeJS.Require): Binding {
  const Library = require('better-sqlite3') as typeof Sqlite;
  // By default, the library looks for its binary in a dozen places.
  const folder = path.dirname(require.resolve('better-sqlite3/package.json'));
  const { version } = require('better-sqlite3/package.json') as { version: string };
  const nativeBinding = path.join(folder, 'build', 'Release', 'better_sqlite3.node');
  // The library loads it when the first file is opened. An error there would look like an error of the file.
  require(nativeBinding);
  return {
    name: 'better-sqlite3',
    description: `better-sqlite3 ${version}`,
    cutsText: () => false,
    open: (file, { timeoutMs }: OpenOptions) =>
      new BetterDatabase(new Library(file, { fileMustExist: true, timeout: Math.trunc(timeoutMs), nativeBinding })),
    openCopy: (bytes) => new BetterDatabase(new Library(bytes, { readonly: true, nativeBinding })),
  };
}

class BetterDatabase implements Database {
  readonly #database: Sqlite.Database;

  constructor(database: Sqlite.Database) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  prepare<Row>(sql: string): Statement<Row> {
    return this.#database.prepare<unknown[], Row>(sql);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }
}
