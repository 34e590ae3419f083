import path from 'node:path';

import type { Measurement } from '../measurement.js';

import { inFolder, withRedis } from '../servers.js';
import { withSqlServer } from '../sql-server.js';
import { handovers, percentile, takeTurns, type WaiterKind, type WaiterTask } from './processes.js';

/** One holder; most of the others wait. */
const PROCESSES = 9;
const TURNS = 60;
const BUDGET = 'median <= 5 ms, p99 <= 50 ms';

/** From a lock's release to the next acquisition, with eight waiters. */
export async function* measureHandover(): AsyncGenerator<Measurement> {
  for (const notifications of ['', 'KA']) {
    const [ours, laravels] = await withRedis(async (port, client) => {
      await client.config('SET', 'notify-keyspace-events', notifications);
      const at = { redisPort: port };
      return [await handover('cachectl', at), await handover('laravel', at)];
    });
    const told = notifications === '' ? 'off' : 'on';
    yield row(`lock handover, Redis, notifications ${told}`, ours!, `Laravel's block(): ${laravels}`);
  }

  const [ours, flocks] = await inFolder(async (folder) => [
    await handover('cachectl', { path: path.join(folder, 'cache.sqlite') }),
    await handover('flock', { path: path.join(folder, 'lock') }),
  ]);
  yield row('lock handover, SQLite', ours!, `flock(2) of a file: ${flocks}`);

  for (const [driver, name] of [['mysql', 'MySQL'] as const, ['postgres', 'PostgreSQL'] as const]) {
    const [mine, laravels] = await withSqlServer(driver, async ({ connection }) => {
      const at = { database: { driver, connection } };
      return [await handover('cachectl', at), await handover('laravel', at)];
    });
    yield row(`lock handover, ${name}`, mine!, `Laravel's block(): ${laravels}`);
  }
}

function row(what: string, measured: string, peer: string): Measurement {
  return { what, measured, budget: BUDGET, peer };
}

async function handover(kind: WaiterKind, at: Pick<WaiterTask, 'database' | 'path' | 'redisPort'>): Promise<string> {
  const turns = await takeTurns(kind, PROCESSES, { waiters: 1, turns: TURNS, ...at });
  // Leave out the start, when some processes are missing, and the end, when some are done.
  const sorted = handovers(turns.slice(3 * PROCESSES, -2 * PROCESSES));
  return `median ${percentile(sorted, 0.5).toFixed(1)} ms, p99 ${percentile(sorted, 0.99).toFixed(1)} ms`;
}
