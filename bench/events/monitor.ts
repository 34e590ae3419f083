import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Measurement } from '../measurement.js';

import { withRedis } from '../servers.js';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** SETs, and as many GETs. */
const COMMANDS = 100_000;

/** Keys end in two digits. */
const KEYS = 100;

const PREFIX = 'key:';
const END = 'end-of-42';

type Watching = ChildProcessByStdio<null, Readable, null>;

/** The throughput of MONITOR, compared with a client that discards its output. */
export async function* measureMonitor(): AsyncGenerator<Measurement> {
  const [peer, filtered, printed] = await withRedis(async (port) => {
    const url = `redis://127.0.0.1:${port}?prefix=${PREFIX}`;
    const tail = ['events:tail', '--source', 'monitor', '--enable', '--json', '--url', url];
    return [
      await rate(port, 'redis-cli', ['-p', String(port), 'monitor']),
      await rate(port, process.execPath, [PROGRAM, ...tail, '--pattern', '*42']),
      await rate(port, process.execPath, [PROGRAM, ...tail]),
    ] as const;
  });
  yield row('MONITOR, a filter that takes 1 %', { ours: filtered, peer, budget: 0.8 });
  yield row('MONITOR, everything as NDJSON', { ours: printed, peer, budget: 0.4 });
}

function row(what: string, { ours, peer, budget }: Record<'budget' | 'ours' | 'peer', number>): Measurement {
  return {
    what,
    measured: `${(ours / peer).toFixed(2)} (${Math.round(ours / 1000)}k commands/s)`,
    budget: `≥ ${budget}`,
    peer: `redis-cli monitor > /dev/null: ${Math.round(peer / 1000)}k commands/s`,
  };
}

/** Commands per second, from the first command to the last event. */
async function rate(port: number, program: string, args: readonly string[]): Promise<number> {
  const watching: Watching = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await until(watching, port, `${END}:ready`);
  const start = performance.now();
  const load = ['-p', String(port), '-t', 'set,get', '-n', String(COMMANDS), '-r', String(KEYS), '-P', '16', '-q'];
  const bench = spawn('redis-benchmark', load, { stdio: 'ignore' });
  const over = until(watching, port, `${END}:done`, once(bench, 'exit'));
  await over;
  const seconds = (performance.now() - start) / 1000;
  watching.kill('SIGINT');
  await once(watching, 'exit');
  return (2 * COMMANDS) / seconds;
}

/** Write a key repeatedly until its event arrives. */
async function until({ stdout }: Watching, port: number, name: string, mayBegin?: Promise<unknown>): Promise<void> {
  const state = { isSeen: false };
  let rest = '';
  const look = (chunk: Buffer): void => {
    const text = rest + chunk.toString('latin1');
    state.isSeen ||= text.includes(`${name}42`);
    rest = text.slice(-100);
  };

  stdout.on('data', look);
  await mayBegin;
  while (!state.isSeen) {
    spawnSync('redis-cli', ['-p', String(port), 'set', `${PREFIX}${name}42`, 'x']);
    await sleep(10);
  }

  stdout.off('data', look);
  stdout.resume();
}
