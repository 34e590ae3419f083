import type { SqlProfile } from '../../src/profiles/profile.js';
import type { SqlDriver } from '../../src/stores/sql/store.js';

import { Connection } from '../../src/stores/sql/connection.js';
import { raw } from '../../src/stores/sql/statement.js';
import { Tables } from '../../src/stores/sql/tables.js';

/** A connection for preparing and checking. */
export interface SqlAdmin {
  /** One statement. Columns of text are buffers. */
  run(statement: string): Promise<ReadonlyArray<Readonly<Record<string, Buffer | number | null>>>>;
  close(): Promise<void>;
}

export function sqlAdmin({ server }: SqlDriver, { connection }: Pick<SqlProfile, 'connection'>): SqlAdmin {
  const admin = new Connection(server(connection), 20_000);
  return {
    run: async (statement) => (await admin.run(raw(statement))).rows,
    close: async () => admin.close(),
  };
}

/** Create Laravel's tables. */
export async function createLaravelTables(driver: SqlDriver, profile: SqlProfile): Promise<void> {
  await withTables(driver, profile, async (tables) => {
    await tables.create('cache');
    await tables.create('locks');
  });
}

/** Create cachectl's own tables. */
export async function createOwnTables(driver: SqlDriver, profile: SqlProfile): Promise<void> {
  await withTables(driver, profile, async (tables) => {
    await tables.create('tags');
    await tables.create('waiters');
  });
}

async function withTables(
  { dialect, server }: SqlDriver,
  profile: SqlProfile,
  work: (tables: Tables) => Promise<void>,
): Promise<void> {
  const connection = new Connection(server(profile.connection), 20_000);
  await work(new Tables(dialect, profile, connection, connection));
  await connection.close();
}
