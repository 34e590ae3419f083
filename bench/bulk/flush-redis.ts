import type { Redis } from 'ioredis';

import type { Measurement, Scale } from '../measurement.js';

import { cachectl, type Run } from '../peak-memory.js';
import { withRedis } from '../servers.js';
import { compared, memory, OTHERS, PREFIX, shell, short } from './compare.js';
import { latencyDuring, steps as stepsOf } from './held-up.js';
import { seedEntries } from './seed-redis.js';

/** `flush` of half of a server's keys, compared with a redis-cli pipeline, and its effect on other clients. */
export async function* measureFlush({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const what = `flush, ${short(entries)} of ${short(2 * entries)} keys, Redis`;
  const { all, ours, peer, told, steps } = await withRedis(async (port, client) => {
    await fill(client, entries);
    const line = `redis-cli -p ${port} --scan --pattern '${PREFIX}*' | xargs redis-cli -p ${port} unlink`;
    const seconds = await shell(line, 'redis-cli', 'xargs');
    await seedEntries(client, PREFIX, entries);
    // One at a time on the server.
    const run = await flush(port, entries);
    await seedEntries(client, PREFIX, entries);
    const withLocks = await flush(port, entries, '--locks');
    await seedEntries(client, PREFIX, entries);
    await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '1000', 'slowlog-max-len', '10000');
    await client.call('SLOWLOG', 'RESET');
    const latency = await latencyDuring(port, async () => flush(port, entries));
    return { all: withLocks, ours: run, peer: seconds, told: latency, steps: await stepsOf(client) };
  });
  const other = { name: 'redis-cli --scan | xargs redis-cli unlink', seconds: peer };
  yield compared(what, ours, other, 5);
  yield compared(`${what}: with --locks, as the other does`, all, other, 5);
  yield {
    what: `${what}: longest step`,
    measured: `${steps.longest.toFixed(1)} ms, median ${steps.median.toFixed(1)} ms`,
    budget: '< 10 ms',
    peer: '-',
    isKept: steps.longest < 10,
  };
  yield { what: `${what}: another client's PING`, measured: told, budget: '-', peer: '-' };
  yield memory(
    `flush, ${short(entries)} keys, Redis`,
    ours,
    await withRedis(async (port, client) => {
      await seedEntries(client, PREFIX, many);
      return flush(port, many);
    }),
  );
}

async function fill(client: Redis, entries: number): Promise<void> {
  await seedEntries(client, PREFIX, entries);
  await seedEntries(client, OTHERS, entries);
}

async function flush(port: number, entries: number, ...flags: readonly string[]): Promise<Run> {
  const url = `redis://127.0.0.1:${port}?prefix=${PREFIX}`;
  const run = await cachectl(['flush', '--yes', '--json', '--url', url, ...flags]);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`flush removed ${removed}, not ${entries}`);
  return run;
}
