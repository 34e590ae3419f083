import type { Waiter } from '../../contract/locks.js';
import type { SqlContext } from '../context.js';

import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { LEASE_S, type WaiterRecord, type WaiterRecords, waitersOf } from '../../locks/waiters.js';
import { raw, type Sql, sql } from '../statement.js';
import { plain, text } from '../text.js';

/** Rows of `cachectl_waiters`, which `doctor --fix` creates. Without that table waiters stay invisible. */
export function waiterRecords(context: SqlContext): WaiterRecords {
  const { dialect, locks, tables } = context;
  const lease = sql`${dialect.now} + ${LEASE_S}`;
  return {
    async join({ token, table, lock, owner, host, space, pid, since, attempts }) {
      if (!(await tables.has('waiters'))) return;
      const ofProcess = sql`host = ${text(host)} AND space = ${text(space)} AND pid = ${pid}`;
      const leftBehind = sql`${isOf(context, lock)} AND ${ofProcess} AND owner = ${text(owner)}`;
      await locks.run(sql`DELETE FROM ${tables.waiters} WHERE lease <= ${dialect.now} OR (${leftBehind})`);
      const columns = sql`token, lock_table, ${dialect.key}, owner, host, space, pid, since, attempts, lease`;
      const texts = sql`${text(token)}, ${text(table)}, ${text(lock)}, ${text(owner)}, ${text(host)}, ${text(space)}`;
      const numbers = sql`${pid}, ${since.getTime()}, ${attempts}, ${lease}`;
      await locks.run(sql`INSERT INTO ${tables.waiters} (${columns}) VALUES (${texts}, ${numbers})`);
    },
    async renew({ token, attempts }: WaiterRecord) {
      if (!(await tables.has('waiters'))) return;
      await locks.run(
        sql`UPDATE ${tables.waiters} SET attempts = ${attempts}, lease = ${lease} WHERE token = ${text(token)}`,
      );
    },
    async leave(token) {
      if (!(await tables.has('waiters'))) return;
      await locks.run(sql`DELETE FROM ${tables.waiters} WHERE token = ${text(token)}`);
    },
  };
}

interface Row {
  readonly owner: Buffer;
  readonly host: Buffer;
  readonly space: Buffer;
  readonly pid: number;
  readonly since: number;
  readonly attempts: number;
}

/** The waiters of a lock, in order of arrival. @param key with the prefix */
export async function liveWaiters(context: SqlContext, key: string): Promise<readonly Waiter[]> {
  const { dialect, locks, tables } = context;
  if (!(await tables.has('waiters'))) return [];
  const { rows } = await locks.run<Row>(
    sql`SELECT owner, host, space, pid, since, attempts FROM ${tables.waiters}
        WHERE ${isOf(context, key)} AND lease > ${dialect.now} ORDER BY since, token`,
  );
  return waitersOf(
    rows.map(({ owner, host, space, since, ...row }) => ({
      ...row,
      owner: keyFromBytes(owner),
      host: plain(host),
      space: plain(space),
      since: new Date(since),
    })),
  );
}

function isOf({ dialect, tables }: SqlContext, key: string): Sql {
  const isKey = dialect.isOneOf(dialect.key, [keyToBytes(key)]);
  return sql`${isKey} AND ${dialect.isOneOf(raw('lock_table'), [keyToBytes(tables.nameOf('locks'))])}`;
}
