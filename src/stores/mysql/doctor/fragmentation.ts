import type { Finding } from '../../contract/doctor.js';
import type { Run } from '../../sql/connection.js';

import { ok, warning } from '../../doctor/findings.js';
import { type Sql, sql } from '../../sql/statement.js';

/** The unused bytes of a table that are worth a rebuild. InnoDB keeps a few megabytes free in every file. */
const MANY = 100_000_000;

/** Report the space that removed rows left in the file of an InnoDB table. */
export async function fragmentation(run: Run, name: string, isTable: Sql): Promise<Finding> {
  const { rows } = await run<{ free: number; used: number }>(
    sql`SELECT data_free AS free, data_length + index_length AS used FROM information_schema.tables WHERE ${isTable}`,
  );
  const { free, used } = rows[0] ?? { free: 0, used: 0 };
  const message = `${megabytes(free)} of its file are free, ${megabytes(used)} are used`;
  if (free < MANY || free < used) return ok(`space of ${name}`, message);
  return warning(
    `space of ${name}`,
    message,
    `New rows will fill it. To give it back to the file system: OPTIMIZE TABLE ${name}, which copies the table.`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
