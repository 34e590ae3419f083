import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';

import { clockFinding } from '../../doctor/clock-skew.js';
import { contentFindings } from '../../doctor/content-findings.js';
import { counted, ok, warning } from '../../doctor/findings.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { SAMPLE } from '../../listing/sampled-contents.js';
import { Entries } from '../entries.js';
import { under } from '../keys.js';
import { serverTime } from '../server-time.js';
import { sql } from '../statement.js';
import { ColumnCodec } from '../values.js';
import { server } from './server.js';
import { laravelTable, ownTable } from './tables.js';

/** Check the server, the tables, the clock, and whether the content matches the profile. */
export async function* diagnose(context: SqlContext): AsyncGenerator<Finding> {
  const { dialect, entries, tables, prefix } = context;
  yield* server(context);
  for (const role of ['cache', 'locks'] as const) yield* laravelTable(context, role);
  yield* ownTable(context, 'tags');
  yield* ownTable(context, 'waiters');
  yield await clockFinding(
    async () => ({ at: await serverTime(context), precisionMs: 1 }),
    'it decides what has expired',
  );
  if (!(await tables.has('cache'))) return;
  const { rows } = await entries.run<{ dead: number }>(
    sql`SELECT count(*) AS dead FROM (SELECT 1 FROM ${tables.cache} WHERE expiration <= ${dialect.now} LIMIT ${MAX_COUNTED}) AS dead`,
  );
  const { dead } = rows[0]!;
  yield dead < MAX_COUNTED
    ? ok('expired rows', `${counted(dead, 'row has', 'rows have')} expired`)
    : warning(
        'expired rows',
        `${MAX_COUNTED.toLocaleString('en')} rows or more have expired, and nothing removes them`,
        'Laravel removes an expired entry only when it is read. Delete them from time to time: docs/sql.md.',
      );
  yield* contentFindings({
    prefix,
    sampledKeys: async (head) => sampledKeys(context, head),
    many: async (keys) => new Entries(context).many(keys),
    decoder: (codec) => (dialect.wrapsNul ? new ColumnCodec(codec) : codec),
  });
}

/** The maximum number of expired rows to count. */
const MAX_COUNTED = 100_000;

/** Describe what a first write would need. */
export async function unmade({ tables }: SqlContext, place: 'entries' | 'locks' | 'tags'): Promise<string | undefined> {
  const role = ({ entries: 'cache', locks: 'locks', tags: 'tags' } as const)[place];
  return (await tables.has(role)) ? undefined : `the table ${tables.nameOf(role)}`;
}

async function sampledKeys({ dialect, entries, tables }: SqlContext, prefix: string): Promise<string[]> {
  const { rows } = await entries.run<{ key: Buffer }>(
    sql`SELECT ${dialect.key} FROM ${tables.cache} WHERE ${under(dialect, dialect.key, prefix)}
        AND expiration + 0 > ${dialect.now} LIMIT ${SAMPLE}`,
  );
  return rows.map(({ key }) => keyFromBytes(key));
}
