import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';
import type { DefinedTable } from '../dialect.js';

import { NotReadyError, RefusedError } from '../../../errors.js';
import { ok, warning } from '../../doctor/findings.js';
import { serverFacts } from '../server-facts.js';
import { type Sql, sql } from '../statement.js';

const ROLES: readonly DefinedTable[] = ['cache', 'locks', 'tags', 'waiters'];

/** Report the rights on existing tables that the user lacks, with the statements that grant them. Changes nothing. */
export async function rights(context: SqlContext): Promise<Finding> {
  const { tables } = context;
  const { account } = await serverFacts(context);
  const lacks: string[] = [];
  const grants: string[] = [];
  for (const role of ROLES) {
    const missing = (await tables.has(role)) ? await missingRights(context, role) : [];
    if (missing.length === 0) continue;
    lacks.push(`${missing.join(', ')} on ${tables.nameOf(role)}`);
    grants.push(grantOf(context, role, missing.join(', '), account));
  }

  return lacks.length === 0
    ? ok('permissions', `user ${account} may read and write the tables`)
    : warning('permissions', `user ${account} lacks ${lacks.join('; ')}`, `Run as administrator: ${grants.join('; ')}`);
}

/** The statement that creates the right to create a table, if the user lacks it. */
export async function missingCreate(context: SqlContext, role: DefinedTable): Promise<string | undefined> {
  const { dialect, tables } = context;
  const connection = tables.connectionOf(role);
  if (await dialect.mayCreate(async (statement) => connection.run(statement), tables.nameOf(role))) return undefined;
  const { account } = await serverFacts(context);
  return grantOf(context, role, 'CREATE', account);
}

function grantOf({ dialect, profile, tables }: SqlContext, role: DefinedTable, right: string, account: string): string {
  const isOfLocks = role === 'locks' || role === 'waiters';
  const { database } = (isOfLocks ? profile.locks : undefined) ?? profile.connection;
  return dialect.grant(right, tables.nameOf(role), database, account);
}

/** EXPLAIN needs the rights of the statement that it explains, and does not run it. */
async function missingRights({ dialect, tables }: SqlContext, role: DefinedTable): Promise<string[]> {
  const table = tables[role];
  const probes: ReadonlyArray<readonly [right: string, statement: Sql]> = [
    ['SELECT', sql`SELECT ${dialect.key} FROM ${table} WHERE 1 = 0`],
    ['INSERT', sql`INSERT INTO ${table} SELECT * FROM ${table} WHERE 1 = 0`],
    ['UPDATE', sql`UPDATE ${table} SET ${dialect.key} = '' WHERE 1 = 0`],
    ['DELETE', sql`DELETE FROM ${table} WHERE 1 = 0`],
  ];
  const missing: string[] = [];
  for (const [right, statement] of probes) {
    try {
      await tables.connectionOf(role).run(sql`EXPLAIN ${statement}`);
    } catch (error) {
      if (!(error instanceof RefusedError) || error instanceof NotReadyError) throw error;
      missing.push(right);
    }
  }

  return missing;
}
