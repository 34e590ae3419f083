import type { Redis } from 'ioredis';

import type { Measurement, Scale } from '../measurement.js';

import { newOwner } from '../../src/stores/locks/owner.js';
import { compared, memory, PREFIX, shell, short } from '../bulk/compare.js';
import { seedEntries } from '../bulk/seed-redis.js';
import { cachectl, type Run } from '../peak-memory.js';
import { withRedis } from '../servers.js';

const LOCKS = 100;

/** `lock:list` with few locks among many entries, compared with a script that reads every value. */
export async function* measureLockList({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const what = `lock:list, ${LOCKS} among ${short(entries)} entries, Redis`;
  const { ours, peer } = await withRedis(async (port, client) => {
    await fill(client, entries);
    const keys = `redis-cli -p ${port} --scan --pattern '${PREFIX}*'`;
    const line = `${keys} | xargs redis-cli -p ${port} mget | grep cachectl:`;
    return { ours: await list(port), peer: await shell(line, 'redis-cli', 'xargs') };
  });
  yield compared(what, ours, { name: 'redis-cli --scan | xargs redis-cli mget | grep', seconds: peer });
  yield memory(
    what,
    ours,
    await withRedis(async (port, client) => {
      await fill(client, many);
      return list(port);
    }),
  );
}

async function fill(client: Redis, entries: number): Promise<void> {
  await seedEntries(client, PREFIX, entries);
  for (let at = 0; at < LOCKS; at++) await client.set(`${PREFIX}lock:${at}`, newOwner(), 'EX', 86_400);
}

async function list(port: number): Promise<Run> {
  const run = await cachectl(['lock:list', '--json', '--url', `redis://127.0.0.1:${port}?prefix=${PREFIX}`]);
  const { length } = JSON.parse(run.out) as readonly unknown[];
  if (length !== LOCKS) throw new Error(`lock:list has ${length} locks, not ${LOCKS}`);
  return run;
}
