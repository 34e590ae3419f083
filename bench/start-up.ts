import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Measurement } from './measurement.js';

import { inFolder, withRedis } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../bin/run.js', import.meta.url));

/** Each round has several runs, because the shell measures CPU time in hundredths of a second. */
const ROUNDS = 8;
const RUNS = 5;

/** The budget, relative to `node -e 0`, which takes half as long on Node 22 and newer. */
const BUDGET = { node20: 1.9, newer: 2.4 };

/**
 * CPU time of a whole process, alternating with a Node that does nothing. Runs on this Node, on those of
 * CACHECTL_BENCH_NODES (paths separated by colons) and on that of scripts/test-node.sh.
 */
export async function* measureStartUp(): AsyncGenerator<Measurement> {
  for (const node of [process.execPath, ...otherNodes()]) {
    yield* await inFolder(async (folder) => withRedis(async (port) => measured(node, folder, port)));
  }
}

function otherNodes(): readonly string[] {
  const given = process.env.CACHECTL_BENCH_NODES?.split(path.delimiter) ?? [];
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'cachectl-test');
  try {
    const found = readdirSync(cache).filter((name) => /^node-[\d.]+$/.test(name));
    return [...given, ...found.map((name) => path.join(cache, name))];
  } catch {
    // scripts/test-node.sh has not run.
    return given;
  }
}

function measured(node: string, folder: string, port: number): readonly Measurement[] {
  const redis = `redis://127.0.0.1:${port}/1?prefix=shop-cache-`;
  const profiles = `{ local: { driver: sqlite, path: cache.sqlite }, shop: { driver: redis, url: '${redis}' } }`;
  writeFileSync(path.join(folder, 'cachectl.yaml'), `default: local\nprofiles: ${profiles}\n`);
  const stores = [
    ['SQLite, --url', '--url', `sqlite://${folder}/cache.sqlite`],
    ['SQLite, profile file'],
    ['Redis, --url', '--url', redis],
    ['Redis, profile file', '--profile', 'shop'],
  ] as const;
  for (const [, ...args] of stores) cpuTime([node, PROGRAM, 'put', 'users:1', 'Jane', ...args], folder, 1);
  const commands = [
    ...stores.map(([what, ...args]) => ({ what: `get, ${what}`, args: ['get', 'users:1', ...args] })),
    { what: '--version', args: ['--version'] },
    { what: '--help', args: ['--help'] },
  ];
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const budget = version.startsWith('v20.') ? BUDGET.node20 : BUDGET.newer;
  const runs = [[node, '-e', '0'], ...commands.map(({ args }) => [node, PROGRAM, ...args])];
  const [bare, ...ours] = inTurn(runs, folder) as [number, ...number[]];
  return commands.map(({ what }, index) => {
    const ratio = ours[index]! / bare;
    return {
      what: `start-up on Node ${version}: ${what}`,
      measured: `${ratio.toFixed(2)} x (${ours[index]!.toFixed(0)} ms)`,
      budget: `<= ${budget} x`,
      isKept: ratio <= budget,
      peer: `node -e 0: ${bare.toFixed(0)} ms of CPU; medians of ${ROUNDS} rounds of ${RUNS} runs each, in turn`,
    };
  });
}

/** Measure each command, in milliseconds. They alternate, so other load on the machine affects all alike. */
function inTurn(commands: readonly string[][], cwd: string): readonly number[] {
  for (const command of commands) cpuTime(command, cwd, 1);
  const times = commands.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, command] of commands.entries()) times[index]!.push(cpuTime(command, cwd, RUNS));
  }

  return times.map((each) => median(each));
}

/** User and system time of one run, in milliseconds. @throws if it does not exit with 0 */
function cpuTime(command: readonly string[], cwd: string, runs: number): number {
  const script = `i=0; while [ $i -lt ${runs} ]; do "$@" >/dev/null || exit; i=$((i + 1)); done; times`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', ...command], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')} exited with ${status}: ${stderr}`);
  // The shell's own times, then those of its child processes: 0m0.060000s 0m0.020000s
  const [, children = ''] = stdout.trim().split('\n');
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return (parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0) * 1000) / runs;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.trunc(times.length / 2)]!;
}
