import type { Run } from '../sql/connection.js';
import type { TableStats } from '../sql/dialect.js';

import { raw, type Sql, sql } from '../sql/statement.js';
import { plain } from '../sql/text.js';

/** What the server reports of itself to every user, and of a table. Rows are an estimate of InnoDB. */
export async function stats(run: Run, isTable: Sql): Promise<TableStats> {
  const { rows } = await run<Record<'bytes' | 'estimate' | 'free' | 'indexes', null | number>>(
    sql`SELECT table_rows AS estimate, data_length + index_length AS bytes, index_length AS indexes, data_free AS free
        FROM information_schema.tables WHERE ${isTable}`,
  );
  const { estimate, bytes, indexes, free } = rows[0] ?? {};
  const status = await run(
    raw(`SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Threads_connected', 'Uptime')`),
  );
  const figures = new Map(status.rows.map(({ Variable_name: name, Value: value }) => [plain(name), Number(value)]));
  const [clients, commands, uptime] = ['Threads_connected', 'Questions', 'Uptime'].map((name) => figures.get(name));
  return {
    estimate: estimate ?? 0,
    bytes: bytes ?? 0,
    ...(clients !== undefined && { clients }),
    ...(commands !== undefined && { commands }),
    ...(uptime !== undefined && { uptime }),
    details: {
      indexBytes: { value: indexes ?? 0, unit: 'bytes' },
      freeBytes: { value: free ?? 0, unit: 'bytes' },
    },
  };
}
