import type { Redis } from 'ioredis';

import { closeSync, openSync } from 'node:fs';

import type { Measurement, Scale } from './measurement.js';

import { taggedKey, tagSetKey } from '../src/stores/tags/names.js';
import { PREFIX, short } from './bulk/compare.js';
import { steps } from './bulk/held-up.js';
import { seedEntries, seedTagged } from './bulk/seed-redis.js';
import { cachectl } from './peak-memory.js';
import { withRedis } from './servers.js';

const TAG = 'people';

const COMMANDS = [
  ['keys', '--count'],
  ['keys'],
  ['lock:list'],
  ['export'],
  ['flush', '--yes'],
  ['tags:flush', TAG, '--yes'],
] as const;

/** What each command costs one Redis server as entries grow: for the table in docs/scale.md. */
export async function* measureScale({ entries }: Scale): AsyncGenerator<Measurement> {
  for (const size of [entries / 100, entries / 10, entries]) {
    const rows = await withRedis(async (port, client) => {
      await seedEntries(client, PREFIX, size);
      const measured: Measurement[] = [];
      for (const command of COMMANDS) {
        if (command[0] === 'tags:flush') await tag(client, size);
        measured.push(await costOf(command, { port, client, size }));
      }

      return measured;
    });
    yield* rows;
  }
}

async function costOf(
  command: readonly string[],
  { port, client, size }: { port: number; client: Redis; size: number },
): Promise<Measurement> {
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '100000');
  await client.call('SLOWLOG', 'RESET');
  const before = await usage(client);
  const nowhere = openSync('/dev/null', 'w');
  const url = `redis://127.0.0.1:${port}?prefix=${PREFIX}`;
  const { cpuSeconds, peakMb } = await cachectl([...command, '--url', url], { stdout: nowhere });
  closeSync(nowhere);
  const after = await usage(client);
  const { median, longest } = await steps(client);
  const perEntry = (seconds: number): string => `${((seconds / size) * 1e6).toFixed(1)} µs`;
  const server = after.cpuSeconds - before.cpuSeconds;
  return {
    what: `${command.join(' ')}, ${short(size)} entries`,
    measured: `server ${perEntry(server)}, cachectl ${perEntry(cpuSeconds)} per entry; ${after.reads - before.reads} reads`,
    budget: '-',
    peer: `steps: median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms; memory ${peakMb.toFixed(0)} MB`,
  };
}

/** CPU time of the server, and how often it read from a socket: about once for each round trip. */
async function usage(client: Redis): Promise<{ readonly cpuSeconds: number; readonly reads: number }> {
  const info = await client.info('everything');
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]);
  return { cpuSeconds: field('used_cpu_sys') + field('used_cpu_user'), reads: field('total_reads_processed') };
}

async function tag(client: Redis, entries: number): Promise<void> {
  const head = taggedKey([TAG], '').slice(0, -1);
  await seedTagged(client, { prefix: PREFIX, head, set: tagSetKey(TAG), entries });
}
