import { statSync } from 'node:fs';

import type { ServerStats, StatsDetail, StatsOptions, StoreStats } from '../contract/stats.js';
import type { SqliteContext } from './context.js';

import { now } from '../sql/expiry.js';
import { journalMode } from './journal-mode.js';
import { keysUnder, literalKeysUnder } from './keys.js';

/** The limit of rows to count: a second or so of blocking work, or a tenth of it with --watch. */
const MAX_COUNTED = 10_000_000;
const MAX_COUNTED_AGAIN = 1_000_000;

/** Report the file and the number of rows. SQLite counts no requests. */
export function stats(context: SqliteContext, { signal, brief = false }: StatsOptions = {}): StoreStats {
  signal?.throwIfAborted();
  const { connection } = context;
  // A read must not create a file.
  if (!connection.exists()) {
    const file: ServerStats = { name: connection.path, software: 'SQLite', entries: 0, bytes: 0 };
    return { servers: [file], underPrefix: 0, notes: [] };
  }

  return connection.run(() => counted(context, brief ? MAX_COUNTED_AGAIN : MAX_COUNTED));
}

function counted(context: SqliteContext, most: number): StoreStats {
  const { connection, tables } = context;
  const rows = tables.has('cache') ? countRows(context, most, now()) : { live: 0, expired: 0, underPrefix: 0 };
  const { version } = connection.statement<{ version: string }>('SELECT sqlite_version() AS version').get()!;
  const file: ServerStats = {
    name: connection.path,
    software: 'SQLite',
    version,
    ...(rows !== undefined && { entries: rows.live }),
    bytes: sizeOf(connection.path),
    details: details(context, rows?.expired),
  };
  if (rows) return { servers: [file], underPrefix: rows.underPrefix, notes: [] };
  return { servers: [file], notes: [`there are more than ${most} rows, which were not counted`] };
}

interface Rows {
  readonly live: number;
  readonly expired: number;
  readonly underPrefix: number;
}

/** Undefined if there are too many. Each query reads an index, and of the table only expired rows. */
function countRows({ connection, tables, prefix }: SqliteContext, most: number, at: number): Rows | undefined {
  const count = (where: string, parameters: Readonly<Record<string, unknown>>): number =>
    connection
      .statement<{ rows: number }>(
        `SELECT count(*) AS rows FROM (SELECT 1 FROM ${tables.cache} ${where} LIMIT ${most + 1})`,
      )
      .get(parameters)!.rows;
  const all = count('', {});
  if (all > most) return undefined;
  const { sql, parameters } = keysUnder(prefix);
  const expired = count('WHERE expiration <= @at', { at });
  const under = count(`WHERE ${sql}`, parameters);
  // The plus keeps SQLite from scanning all keys under the prefix if few have expired.
  const expiredUnder = count(`WHERE expiration <= @at AND ${literalKeysUnder(prefix, '+"key"')}`, { at });
  return { live: all - expired, expired, underPrefix: under - expiredUnder };
}

function details(context: SqliteContext, expired: number | undefined): Readonly<Record<string, StatsDetail>> {
  const { connection, tables } = context;
  const pragma = (name: string): StatsDetail['value'] =>
    Object.values(connection.statement<Record<string, number | string>>(`PRAGMA ${name}`).get() ?? { none: 0 })[0]!;
  const walBytes = sizeOf(`${connection.path}-wal`);
  const tagRows = tables.tagRows();
  const tagged =
    tagRows && connection.statement<{ rows: number }>(`SELECT count(*) AS rows FROM ${tagRows}`).get()!.rows;
  const { mode } = journalMode(connection);
  return {
    ...(expired !== undefined && { expiredRows: { value: expired } }),
    journalMode: { value: mode },
    walBytes: { value: walBytes, unit: 'bytes' },
    pages: { value: pragma('page_count') },
    freePages: { value: pragma('freelist_count') },
    pageBytes: { value: pragma('page_size'), unit: 'bytes' },
    ...(tagged !== undefined && { taggedRows: { value: tagged } }),
  };
}

/** The file may be missing. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
