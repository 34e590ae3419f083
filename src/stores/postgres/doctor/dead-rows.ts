import type { Finding } from '../../contract/doctor.js';
import type { Run } from '../../sql/connection.js';

import { ageText, counted, ok, warning } from '../../doctor/findings.js';
import { type Sql, sql } from '../../sql/statement.js';

/** Autovacuum starts at 20 % of a table's rows by default, so as many dead rows as live ones mean that it lags. */
const MANY = 10_000;

/** Report the dead rows of a table, which every scan of it reads until they are vacuumed. */
export async function deadRows(run: Run, name: string, table: Sql): Promise<Finding> {
  const { rows } = await run<{ dead: number; live: number; age: null | number; isOn: number }>(
    sql`SELECT n_dead_tup AS dead, n_live_tup AS live, current_setting('autovacuum') = 'on' AS "isOn",
               extract(epoch FROM clock_timestamp() - greatest(last_vacuum, last_autovacuum))::bigint AS age
        FROM pg_stat_user_tables WHERE relid = ${table}`,
  );
  const { dead, live, age, isOn } = rows[0] ?? { dead: 0, live: 0, age: null, isOn: 1 };
  const vacuumed = age === null ? 'never vacuumed' : `vacuumed ${ageText(age)} ago`;
  const message = `about ${counted(dead, 'dead row', 'dead rows')} and ${counted(live, 'live row', 'live rows')}, ${vacuumed}`;
  if (dead < MANY || dead < live) return ok(`dead rows of ${name}`, message);
  const cause = isOn === 1 ? 'Look for transactions that stay open, which hold up autovacuum' : 'Turn autovacuum on';
  return warning(`dead rows of ${name}`, message, `Run VACUUM ${name}. ${cause}.`);
}
