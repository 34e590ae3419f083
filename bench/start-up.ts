import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Measurement } from './measurement.js';

import { inFolder, withRedis } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const RUNS = 40;
const BUDGET = 1.5;

/** `cachectl get KEY`, from the start of its process to its end, in turn with a Node that does nothing. */
export async function* measureStartUp(): AsyncGenerator<Measurement> {
  yield* await inFolder(async (folder) => withRedis(async (port) => measured(folder, port)));
}

function measured(folder: string, port: number): readonly Measurement[] {
  const redis = `redis://127.0.0.1:${port}/1?prefix=shop-cache-`;
  const profiles = `{ local: { driver: sqlite, path: cache.sqlite }, shop: { driver: redis, url: '${redis}' } }`;
  writeFileSync(path.join(folder, 'cachectl.yaml'), `default: local\nprofiles: ${profiles}\n`);
  const stores: ReadonlyArray<readonly [what: string, ...args: string[]]> = [
    ['SQLite, --url', '--url', `sqlite://${folder}/cache.sqlite`],
    ['SQLite, profile file'],
    ['Redis, --url', '--url', redis],
    ['Redis, profile file', '--profile', 'shop'],
  ];
  const runs = stores.map(([, ...args]) => [PROGRAM, 'get', 'users:1', ...args]);
  for (const [, ...args] of stores) milliseconds([PROGRAM, 'put', 'users:1', 'Jane', ...args], folder);
  const [bare, ...ours] = inTurn([['-e', '0'], ...runs], folder).map((times) => median(times)) as [number, ...number[]];
  return stores.map(([what], index) => {
    const ratio = ours[index]! / bare;
    return {
      what: `start-up: get, ${what}`,
      measured: `${ratio.toFixed(2)} x (${ours[index]!.toFixed(0)} ms)`,
      budget: `<= ${BUDGET} x`,
      isKept: ratio <= BUDGET,
      peer: `node -e 0: ${bare.toFixed(0)} ms; medians of ${RUNS} runs each, in turn`,
    };
  });
}

/** Each command once, then each again, so that what else the machine does meets all of them. */
function inTurn(commands: readonly string[][], cwd: string): readonly number[][] {
  for (const command of commands) milliseconds(command, cwd);
  const times = commands.map((): number[] => []);
  for (let run = 0; run < RUNS; run++) {
    for (const [index, command] of commands.entries()) times[index]!.push(milliseconds(command, cwd));
  }

  return times;
}

/** @throws when it does not exit with 0 */
function milliseconds(args: readonly string[], cwd: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}: ${stderr.toString()}`);
  return took;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.trunc(times.length / 2)]!;
}
