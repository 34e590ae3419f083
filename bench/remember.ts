import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Measurement } from './measurement.js';

import { programPath } from '../test/support/requirements.js';
import { inFolder, withRedis } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../bin/run.js', import.meta.url));

/** Rounds. The programs take turns, so that noise hits all of them. */
const ROUNDS = 31;

/** The limit, relative to the start of Node itself. */
const BUDGET = 1.5;

/** A hit of `remember` as a whole process. */
export async function* measureRemember(): AsyncGenerator<Measurement> {
  yield inFolder(async (folder) => row('SQLite', `sqlite://${path.join(folder, 'cache.sqlite')}`, folder));
  yield withRedis(async (port) => inFolder(async (folder) => row('Redis', `redis://127.0.0.1:${port}`, folder)));
}

function row(store: string, url: string, folder: string): Measurement {
  const printed = ['--', 'echo', 'printed'];
  const bkt = programPath('bkt');
  const commands = {
    node: [process.execPath, '-e', '0'],
    cachectl: [process.execPath, PROGRAM, 'remember', 'bench', '--ttl', '1h', '--url', url, ...printed],
    ...(bkt !== undefined && { bkt: [bkt, '--ttl', '1h', '--cache-dir', folder, ...printed] }),
  };
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  // The first round runs the command and does not count.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const took = timed(command, name === 'node' ? '' : 'printed\n');
      if (round > 0) times.get(name)!.push(took);
    }
  }

  const node = median(times.get('node')!);
  const ours = median(times.get('cachectl')!);
  const bkts = times.get('bkt');
  return {
    what: `remember, a hit, ${store}`,
    measured: `${ours.toFixed(0)} ms, ${(ours / node).toFixed(2)} x node -e 0`,
    budget: `<= ${BUDGET} x node -e 0`,
    isKept: ours <= BUDGET * node,
    peer: `node -e 0: ${node.toFixed(0)} ms; ${bkts === undefined ? 'bkt is not on PATH' : `bkt: ${median(bkts).toFixed(0)} ms`}`,
  };
}

/**
 * Milliseconds.
 * @throws if it does not print `wanted`
 */
function timed([program, ...args]: readonly string[], wanted: string): number {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
  const took = performance.now() - start;
  if (status === 0 && stdout === wanted) return took;
  throw new Error(`${program} ${args.join(' ')} exited with ${status}: ${stdout}${stderr}`);
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)]!;
}
