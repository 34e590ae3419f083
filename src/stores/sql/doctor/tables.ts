import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';
import type { Row } from '../session.js';

import { counted, ok, warning } from '../../doctor/findings.js';
import { sql } from '../statement.js';
import { plain } from '../text.js';
import { missingTable } from './missing-table.js';

type LaravelTable = 'cache' | 'locks';

/** Laravel stores "never" as ten years ahead, in seconds. */
const TEN_YEARS = 315_360_000;
const MAX_INT = 2 ** 31 - 1;

/** Check a table of Laravel: columns, collation, indexes, rows. */
export async function* laravelTable(context: SqlContext, role: LaravelTable): AsyncGenerator<Finding> {
  const { dialect, tables } = context;
  const name = tables.nameOf(role);
  if (!(await tables.has(role))) {
    yield await missingTable(context, role, 'warning');
    return;
  }

  const { rows: columns } = await tables.connectionOf(role).run(dialect.columnsOf(name));
  const lacking = ['key', role === 'cache' ? 'value' : 'owner', 'expiration'].filter(
    (column) => !columns.some((row) => plain(row.name) === column),
  );
  if (lacking.length > 0) {
    const message = `has no column ${lacking.join(', ')}, so it is not Laravel's`;
    const hint = 'Check table and lockTable in the profile.';
    yield { subject: `table ${name}`, state: 'fault', message, hint };
    return;
  }

  yield ok(`table ${name}`, columns.map((row) => `${plain(row.name)} ${plain(row.type)}`).join(', '));
  yield* columnFindings(context, role, columns);
  yield* indexFindings(context, role);
  yield await rowsFinding(context, role);
  yield await dialect.waste(async (statement) => tables.connectionOf(role).run(statement), name);
}

/** Check one of cachectl's own tables. */
export async function* ownTable(context: SqlContext, role: 'tags' | 'waiters'): AsyncGenerator<Finding> {
  const { tables } = context;
  yield (await tables.has(role))
    ? ok(`table ${tables.nameOf(role)}`, 'exists')
    : await missingTable(context, role, 'skipped');
}

function* columnFindings(
  { dialect, tables }: SqlContext,
  role: LaravelTable,
  columns: readonly Row[],
): Generator<Finding> {
  const name = tables.nameOf(role);
  const column = (wanted: string): Row | undefined => columns.find((row) => plain(row.name) === wanted);
  const key = column('key')!;
  if (key.folds === 1) {
    yield warning(
      `collation of ${name}`,
      `${plain(key.collation) || plain(key.type)} takes keys for the same that differ in case or accents only`,
      dialect.driver === 'mysql'
        ? 'Laravel confuses such keys. cachectl compares bytes, and refuses to write over another spelling.'
        : 'Laravel and cachectl confuse such keys. Give the column key a type such as varchar(255) COLLATE "C".',
    );
  }

  const value = plain(column('value')?.type);
  if (dialect.shortValues.test(value)) {
    yield warning(
      `values of ${name}`,
      `a column of type ${value} refuses values that Laravel's own column takes`,
      `Give the column value the type of Laravel's migration: ${dialect.driver === 'mysql' ? 'mediumtext' : 'text'}.`,
    );
  }

  const expiration = plain(column('expiration')!.type);
  if (!/int/i.test(expiration)) {
    const message = `a column of type ${expiration} cannot hold a Unix time in seconds`;
    yield {
      subject: `expiration of ${name}`,
      state: 'fault',
      message,
      hint: "Use the type of Laravel's migration: int.",
    };
  } else if (/^int(?:eger)?(?:\(\d+\))?$/.test(expiration) && Date.now() / 1000 + TEN_YEARS > MAX_INT) {
    yield warning(
      `expiration of ${name}`,
      `${expiration} ends in January 2038, before entries without a TTL expire`,
      'Make the column a bigint.',
    );
  }
}

async function* indexFindings({ dialect, tables }: SqlContext, role: LaravelTable): AsyncGenerator<Finding> {
  const name = tables.nameOf(role);
  const connection = tables.connectionOf(role);
  const { rows } = await connection.run(dialect.indexesOf(name));
  if (!rows.some((row) => plain(row.name) === 'key' && row.identifies === 1)) {
    yield {
      subject: `primary key of ${name}`,
      state: 'fault',
      message: 'no index makes key unique, so a key can have several rows, and several processes can hold a lock',
      hint: `Remove duplicate keys, then run: ALTER TABLE ${name} ADD PRIMARY KEY (${dialect.key.texts[0]!})`,
    };
  }

  const subject = `index on expiration of ${name}`;
  yield rows.some((row) => plain(row.name) === 'expiration')
    ? ok(subject, 'exists')
    : {
        ...warning(subject, 'missing, so finding expired rows reads the whole table', 'Run doctor --fix to create it.'),
        fix: {
          effect: `creates an index on expiration of ${name}`,
          async apply() {
            await connection.run(dialect.createExpirationIndex(name));
          },
        },
      };
}

/** The maximum number of rows to count. Beyond it, use the server's estimate. */
const MAX_COUNTED = 100_000;

async function rowsFinding({ dialect, tables }: SqlContext, role: LaravelTable): Promise<Finding> {
  const name = tables.nameOf(role);
  const connection = tables.connectionOf(role);
  const some = sql`SELECT 1 FROM ${tables[role]} LIMIT ${MAX_COUNTED + 1}`;
  const counting = await connection.run<{ found: number }>(sql`SELECT count(*) AS found FROM (${some}) AS some_rows`);
  const size = await connection.run<{ estimate: number; bytes: number }>(dialect.sizeOf(name));
  const { found } = counting.rows[0]!;
  const { estimate, bytes } = size.rows[0] ?? { estimate: 0, bytes: 0 };
  const rows =
    found > MAX_COUNTED
      ? `about ${counted(Math.max(estimate, found), 'row', 'rows')} (the server's estimate)`
      : counted(found, 'row', 'rows');
  return ok(`rows of ${name}`, `${rows}, ${(bytes / 1e6).toFixed(1)} MB with indexes`);
}
