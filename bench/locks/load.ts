import type { Redis } from 'ioredis';

import { setTimeout as sleep } from 'node:timers/promises';

import type { Measurement } from '../measurement.js';

import { withRedis } from '../servers.js';
import { endAll, startWaiter, type WaiterKind } from './processes.js';

const WAITERS = 50;
/** How long to wait for pauses to reach their maximum, and how long to count, in milliseconds. */
const SETTLE_MS = 8000;
const COUNT_MS = 10_000;

/** The load of fifty waiters on the server. */
export async function* measureLoad(): AsyncGenerator<Measurement> {
  for (const notifications of ['', 'KA']) {
    const [ours, laravels] = await withRedis(async (port, client) => {
      await client.config('SET', 'notify-keyspace-events', notifications);
      await client.set('bench:bench', 'somebody', 'EX', 600);
      return [await load('cachectl', port, client), await load('laravel', port, client)];
    });
    yield {
      what: `${WAITERS} waiters' load, Redis, notifications ${notifications === '' ? 'off' : 'on'}`,
      measured: `${ours} commands/s`,
      budget: 'no more than the peer',
      peer: `Laravel's block(): ${laravels} commands/s`,
    };
  }
}

async function load(kind: WaiterKind, port: number, client: Redis): Promise<number> {
  // Fifty Node processes would keep the machine busy with start-up. The load on the server is the same.
  const processes = kind === 'cachectl' ? 1 : WAITERS;
  const task = { turns: 1, waiters: WAITERS / processes, redisPort: port };
  const waiters = Array.from({ length: processes }, () => startWaiter(kind, task));
  try {
    await connected(client);
    await sleep(SETTLE_MS);
    const before = await commands(client);
    await sleep(COUNT_MS);
    return Math.round(((await commands(client)) - before) / (COUNT_MS / 1000));
  } finally {
    await endAll(waiters);
  }
}

/** Wait until all are connected. */
async function connected(client: Redis): Promise<void> {
  for (;;) {
    const clients = Number(/connected_clients:(\d+)/.exec(await client.info('clients'))?.[1]);
    if (clients > WAITERS) return;
    await sleep(100);
  }
}

async function commands(client: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
}
