import type { Context } from 'mocha';

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Profile } from '../../src/profiles/profile.js';
import type { SqlDriver } from '../../src/stores/sql/store.js';
import type { SqlServer } from '../support/sql-server.js';
import type { RawRecord, Started } from './world.js';

import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { Database } from '../support/database.js';
import { startMysql } from '../support/mysql-server.js';
import { createSqlite } from '../support/places.js';
import { startPostgres } from '../support/postgres-server.js';
import { sqlProfile } from '../support/sql-server.js';
import { createLaravelTables, createOwnTables, sqlAdmin } from '../support/sql-tables.js';
import { COMMON, EVERYTHING } from './world.js';

export async function onMysql(context: Context): Promise<Started> {
  return onSql('mysql', MYSQL, await startMysql(context));
}

/** With a collation that tells all keys apart. */
export async function onBinaryMysql(context: Context): Promise<Started> {
  const server = await startMysql(context);
  const ground = await onSql('mysql', MYSQL, server);
  const admin = sqlAdmin(MYSQL, sqlProfile('mysql', server, ''));
  for (const table of ['cache', 'cache_locks', 'cachectl_tags']) {
    await admin.run(`ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  }

  await admin.close();
  return ground;
}

export async function onPostgres(context: Context): Promise<Started> {
  return onSql('postgres', POSTGRES, await startPostgres(context));
}

export async function onSqlite(): Promise<Started> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-scope-'));
  const file = path.join(folder, 'cache.sqlite');
  await createSqlite(file);
  const database = new Database(file);
  const has = (table: string): boolean =>
    database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  return {
    has: EVERYTHING,
    profile: (prefix) => ({
      ...COMMON,
      driver: 'sqlite',
      prefix,
      path: file,
      table: 'cache',
      lockTable: 'cache_locks',
    }),
    async records() {
      return TABLES.filter(({ table }) => has(table)).flatMap(({ table, place, columns }) =>
        database
          .prepare<Row>(
            `SELECT hex("key") AS "key", ${columns.map((column) => `hex(${column}) AS ${column}`).join(', ')} FROM ${table}`,
          )
          .all()
          .map((row) => recordOf(place, row)),
      );
    },
    async clear() {
      for (const { table } of TABLES) if (has(table)) database.exec(`DELETE FROM ${table}`);
    },
    async stop() {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const TABLES = [
  { table: 'cache', place: 'entries', columns: ['value', 'expiration'] },
  { table: 'cache_locks', place: 'locks', columns: ['owner', 'expiration'] },
  { table: 'cachectl_tags', place: 'tags', columns: ['tag'] },
] as const;

type Row = Readonly<Record<string, string>>;

/** @param row all columns in hexadecimal */
function recordOf(place: RawRecord['place'], { key, ...rest }: Row): RawRecord {
  const tag = place === 'tags' ? { tag: Buffer.from(rest.tag!, 'hex') } : undefined;
  return { place, key: Buffer.from(key!, 'hex'), ...tag, content: JSON.stringify(rest) };
}

async function onSql(driver: 'mysql' | 'postgres', sql: SqlDriver, server: SqlServer): Promise<Started> {
  const profile = (prefix: string): Profile => sqlProfile(driver, server, prefix);
  const settings = sqlProfile(driver, server, '');
  await createLaravelTables(sql, settings);
  await createOwnTables(sql, settings);
  const admin = sqlAdmin(sql, settings);
  const name = (column: string): string => (driver === 'mysql' ? `\`${column}\`` : `"${column}"`);
  const hex = (column: string): string => {
    const isNumber = column === 'expiration';
    if (driver === 'mysql') return `HEX(CAST(${name(column)} AS BINARY))`;
    return isNumber ? `${name(column)}::text` : `encode(convert_to(${name(column)}, 'UTF8'), 'hex')`;
  };

  return {
    has: EVERYTHING,
    profile,
    async records() {
      const found: RawRecord[] = [];
      for (const { table, place, columns } of TABLES) {
        const fields = ['key', ...columns].map((column) => `${hex(column)} AS ${name(column)}`);
        const rows = await admin.run(`SELECT ${fields.join(', ')} FROM ${table}`);
        const texts = rows.map((row) =>
          Object.fromEntries(Object.entries(row).map(([field, value]) => [field, String(value)])),
        );
        found.push(...texts.map((row) => recordOf(place, row)));
      }

      return found;
    },
    async clear() {
      for (const { table } of TABLES) await admin.run(`DELETE FROM ${table}`);
    },
    async stop() {
      await admin.close();
      await server.stop();
    },
  };
}
