import type { Connection } from '../connection.js';
import type { SqlContext } from '../context.js';

import { under } from '../keys.js';
import { sql } from '../statement.js';

/** Rows per count statement, to keep each short. */
export const ROWS = 100_000;

export type ListedRole = 'cache' | 'locks';

/** A part of the keys under a prefix, in the order of the primary key. */
export interface Range {
  /** Exclusive; undefined at the beginning. */
  readonly after: Buffer | undefined;
  /** Inclusive; undefined at the end. */
  readonly last: Buffer | undefined;
}

export function connectionOf(context: SqlContext, role: ListedRole): Connection {
  return role === 'locks' ? context.locks : context.entries;
}

/** The range of the next `rows` keys, expired ones too. Reads the primary key only. */
export async function nextRange(
  context: SqlContext,
  role: ListedRole,
  { prefix, after, rows }: { readonly prefix: string; readonly after: Buffer | undefined; readonly rows: number },
): Promise<Range> {
  const { dialect, tables } = context;
  const { key } = dialect;
  const answer = await connectionOf(context, role).page<{ key: Buffer }>(
    sql`SELECT ${key} FROM ${tables[role]} WHERE ${under(dialect, key, prefix, { after })}
        ORDER BY ${key} LIMIT 1 OFFSET ${rows - 1}`,
  );
  return { after, last: answer.rows[0]?.key };
}
