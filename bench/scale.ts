import type { Redis } from 'ioredis';

import { closeSync, openSync } from 'node:fs';
import path from 'node:path';

import type { Measurement, Scale } from './measurement.js';

import { taggedKey, tagSetKey } from '../src/stores/tags/names.js';
import { PREFIX, short } from './bulk/compare.js';
import { steps } from './bulk/held-up.js';
import { seedEntries, seedTagged } from './bulk/seed-redis.js';
import { cachectl, MEMORY_BUDGET_MB } from './peak-memory.js';
import { inFolder, withRedis } from './servers.js';

const TAG = 'people';

/** In order: the import reads what the export wrote. @param file for the export */
function commands(file: string): ReadonlyArray<readonly string[]> {
  return [
    ['keys', '--count'],
    ['keys'],
    ['lock:list'],
    ['export', '--output', file],
    ['flush', '--yes'],
    ['import', file],
    ['tags:flush', TAG, '--yes'],
  ];
}

/** What each command costs one Redis server as entries grow: for the table in docs/scale.md. */
export async function* measureScale({ entries }: Scale): AsyncGenerator<Measurement> {
  for (const size of [entries / 100, entries / 10, entries]) {
    yield* await inFolder(async (folder) =>
      withRedis(async (port, client) => {
        await seedEntries(client, PREFIX, size);
        const measured: Measurement[] = [];
        for (const command of commands(path.join(folder, 'exported'))) {
          if (command[0] === 'tags:flush') await tag(client, size);
          measured.push(await costOf(command, { port, client, size }));
        }

        return measured;
      }),
    );
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
  const { cpuSeconds, peakMb, seconds } = await cachectl([...command, '--url', url], { stdout: nowhere });
  closeSync(nowhere);
  const after = await usage(client);
  const { median, longest } = await steps(client);
  const perEntry = (used: number): string => `${((used / size) * 1e6).toFixed(1)} µs`;
  const server = after.cpuSeconds - before.cpuSeconds;
  return {
    what: `${command[0] === 'keys' ? command.join(' ') : command[0]}, ${short(size)} entries`,
    measured: `server ${perEntry(server)}, cachectl ${perEntry(cpuSeconds)} per entry; ${after.reads - before.reads} reads; memory ${peakMb.toFixed(0)} MB`,
    budget: `memory ≤ ${MEMORY_BUDGET_MB} MB`,
    isKept: peakMb <= MEMORY_BUDGET_MB,
    peer: `${seconds.toFixed(1)} s; steps: median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`,
  };
}

/** CPU time of the server, and how often it read from a socket: about once for each round trip. */
async function usage(client: Redis): Promise<{ readonly cpuSeconds: number; readonly reads: number }> {
  const info = await client.info('everything');
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]);
  return { cpuSeconds: field('used_cpu_sys') + field('used_cpu_user'), reads: field('total_reads_processed') };
}

async function tag(client: Redis, entries: number): Promise<void> {
  await client.flushall();
  const head = taggedKey([TAG], '').slice(0, -1);
  await seedTagged(client, { prefix: PREFIX, head, set: tagSetKey(TAG), entries });
}
