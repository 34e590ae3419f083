import { statSync } from 'node:fs';

import type { Finding } from '../../contract/store.js';
import type { SqliteContext } from '../context.js';
import type { TableRole } from '../tables.js';

import { bytesText } from '../../../byte-text.js';
import { contentFindings } from '../../doctor/content-findings.js';
import { counted, ok, skipped, warning } from '../../doctor/findings.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { SAMPLE } from '../../listing/sampled-contents.js';
import { now } from '../../sql/expiry.js';
import { ColumnCodec } from '../../sql/values.js';
import { Entries } from '../entries.js';
import { dropLapsedTails, lapsedTails } from '../events/tail-tables.js';
import { journalMode } from '../journal-mode.js';
import { FIRST_BLOB, keysUnder } from '../keys.js';
import { isView } from '../schema.js';

/** The largest file for an integrity check, in bytes: more would take long and block writers. */
const CHECKED_UP_TO = 256 * 1024 * 1024;

/** A larger -wal slows readers down, in bytes. */
const LARGE_WAL = 64 * 1024 * 1024;

/** Check the file's set-up and integrity, and whether its content matches the profile. */
export async function* diagnose(context: SqliteContext): AsyncGenerator<Finding> {
  const { connection, tables, profile, prefix } = context;
  if (!connection.exists()) return;
  yield journal(context);
  yield* wal(connection.path);
  yield integrity(context);
  for (const [role, table] of [
    ['cache', profile.table],
    ['locks', profile.lockTable],
  ] as const) {
    if (connection.run(() => tables.has(role))) {
      yield* expiration(context, role, table);
      yield* blobKeys(context, role, table);
    } else
      yield skipped(
        `table ${table}`,
        'does not exist yet',
        `The first ${role === 'cache' ? 'put' : 'lock'} creates it.`,
      );
  }

  yield* leftovers(context);
  yield ok('clock', 'each reader applies its own clock to expiry: synchronize all machines that share the file');
  if (!connection.run(() => tables.has('cache'))) return;
  yield* contentFindings({
    prefix,
    sampledKeys: (head) => sampledKeys(context, head),
    many: async (keys) => new Entries(context).many(keys),
    decoder: (codec) => new ColumnCodec(codec),
  });
}

/** What a first write would create. */
export async function unmade(
  { connection, tables }: SqliteContext,
  place: keyof typeof ROLES,
): Promise<string | undefined> {
  if (!connection.exists()) return `the file ${connection.path}`;
  const role = ROLES[place];
  if (connection.run(() => tables.has(role))) return undefined;
  return `the table ${tables.nameOf(role)}`;
}

const ROLES = { entries: 'cache', locks: 'locks', tags: 'tags' } as const satisfies Record<string, TableRole>;

function pragma(context: SqliteContext, name: string): string {
  const row = context.connection.run(() =>
    context.connection.statement<Record<string, unknown>>(`PRAGMA ${name}`).get(),
  );
  return String(Object.values(row ?? {})[0]);
}

function journal(context: SqliteContext): Finding {
  const { mode, isSnapshot } = context.connection.run(() => journalMode(context.connection));
  if (mode === 'wal' && isSnapshot)
    return ok('journal', 'WAL: nothing can be written beside the file, so cachectl reads a snapshot');
  if (mode === 'wal') return ok('journal', 'WAL: readers do not wait for writers');
  return warning(
    'journal',
    `mode ${mode}: readers and writers wait for each other`,
    `Unless the file is on a network file system, WAL is faster: sqlite3 ${context.connection.path} 'PRAGMA journal_mode = WAL'`,
  );
}

function* wal(path: string): Generator<Finding> {
  const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LARGE_WAL) return;
  yield warning(
    'WAL',
    `${path}-wal has grown to ${bytesText(size)}, which slows down every reader`,
    'A long-running reader keeps it from being written back: end old processes that have the file open.',
  );
}

function integrity(context: SqliteContext): Finding {
  const { path } = context.connection;
  const { size } = statSync(path);
  if (size > CHECKED_UP_TO) {
    return skipped(
      'integrity',
      `not checked, because the file has ${bytesText(size)}`,
      `To check it: sqlite3 ${path} 'PRAGMA quick_check'`,
    );
  }

  const verdict = pragma(context, 'quick_check(1)');
  if (verdict === 'ok') return ok('integrity', `no damage found in ${bytesText(size)}`);
  return {
    subject: 'integrity',
    state: 'fault',
    message: `${path} is damaged: ${verdict}`,
    hint: 'Restore it from a backup, or save what can be read with: sqlite3 FILE .recover',
  };
}

function* expiration(
  { connection, tables }: SqliteContext,
  role: 'cache' | 'locks',
  table: string,
): Generator<Finding> {
  const subject = `index on expiration of ${table}`;
  if (connection.run(() => isView(connection, table))) {
    yield skipped(subject, `${table} is a view, which has no index of its own`);
    return;
  }

  if (connection.run(() => tables.findsExpiredFast(role))) {
    yield ok(subject, 'exists');
    return;
  }

  yield {
    ...warning(subject, 'missing, so finding expired rows reads the whole table', 'Run doctor --fix to create it.'),
    fix: {
      effect: `creates the index on expiration of ${table}`,
      apply: async () => connection.write(() => tables.createExpirationIndex(role)),
    },
  };
}

function* blobKeys({ connection, tables }: SqliteContext, role: 'cache' | 'locks', table: string): Generator<Finding> {
  const { count } = connection.run(() =>
    connection
      .statement<{ count: number }>(`SELECT count(*) AS count FROM ${tables[role]} WHERE "key" >= ${FIRST_BLOB}`)
      .get(),
  )!;
  if (count === 0) return;
  yield warning(
    `keys of ${table}`,
    `${counted(count, 'row has', 'rows have')} a BLOB as key, which neither Laravel nor cachectl finds`,
    `To remove them: sqlite3 ${connection.path} "DELETE FROM ${table} WHERE typeof(key) = 'blob'"`,
  );
}

function* leftovers({ connection }: SqliteContext): Generator<Finding> {
  const left = connection.read(() => lapsedTails(connection));
  if (left === 0) return;
  yield {
    ...warning(
      'leftovers',
      `${counted(left, 'killed events:tail has', 'killed events:tail have')} left triggers in the file that record every change`,
      'Run doctor --fix to drop them; the next write by cachectl does so, too.',
    ),
    fix: {
      effect: `drops the triggers and tables of ${counted(left, 'killed events:tail', 'killed events:tail')}`,
      apply: async () => connection.write(() => dropLapsedTails(connection)),
    },
  };
}

function sampledKeys({ connection, tables }: SqliteContext, prefix: string): string[] {
  const range = keysUnder(prefix);
  return connection.run(() =>
    connection
      .statement<{ bytes: Buffer }>(
        `SELECT CAST(key AS BLOB) AS bytes FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at LIMIT ${SAMPLE}`,
      )
      .all({ ...range.parameters, at: now() })
      .map(({ bytes }) => keyFromBytes(bytes)),
  );
}
