import type { Run } from '../sql/connection.js';
import type { TableStats } from '../sql/dialect.js';

import { type Sql, sql } from '../sql/statement.js';

type Facts = {
  readonly bytes: number;
  readonly clients: number;
  readonly dead: number;
  readonly estimate: number;
  readonly indexes: number;
  readonly isReplica: number;
  readonly uptime: number;
  /** Seconds since the last vacuum; null if there was none. */
  readonly vacuumed: null | number;
};

/** What the server reports of itself and of a table to every user. Rows are an estimate of its statistics. */
export async function stats(run: Run, table: Sql): Promise<TableStats> {
  const { rows } = await run<Facts>(
    sql`SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::bigint AS uptime,
               (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS clients,
               pg_is_in_recovery() AS "isReplica",
               greatest(0, reltuples, n_live_tup)::bigint AS estimate,
               pg_total_relation_size(oid) AS bytes, pg_indexes_size(oid) AS indexes,
               coalesce(n_dead_tup, 0) AS dead,
               extract(epoch FROM clock_timestamp() - greatest(last_vacuum, last_autovacuum))::bigint AS vacuumed
        FROM pg_class LEFT JOIN pg_stat_user_tables ON relid = oid WHERE oid = ${table}`,
  );
  const { bytes, clients, dead, estimate, indexes, isReplica, uptime, vacuumed } = rows[0]!;
  return {
    estimate,
    bytes,
    clients,
    uptime,
    role: isReplica === 1 ? 'replica' : 'primary',
    details: {
      indexBytes: { value: indexes, unit: 'bytes' },
      deadRows: { value: dead },
      ...(vacuumed !== null && { sinceVacuum: { value: vacuumed, unit: 'seconds' } }),
    },
  };
}
