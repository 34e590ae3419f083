import { expect } from 'chai';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl, type Result, type RunOptions, start } from './cli.js';
import { RUNS_ALL } from './extent.js';
import { scratchFolder } from './scratch.js';

/** Commands that use an accepted password, and start children. The first is run by default. */
const COMMANDS: ReadonlyArray<readonly string[]> = [
  ['remember', 'out', '--ttl', '1h', '--', 'env'],
  ['lock:run', 'job', '--', 'env'],
  ['events:tail', '--for', '8s', '--exec', 'env >&2'],
  ['put', 'k', 'v'],
  ['get', 'k', '--json'],
  ['inspect', 'k'],
  ['keys'],
  ['keys', '--count'],
  ['stats', '--json'],
  ['top', '--for', '1s'],
  ['doctor'],
  ['doctor', '--json'],
  ['lock:list'],
  ['tags:list'],
  ['export'],
  ['copy', '--to-url', 'sqlite://copy.sqlite'],
  ['profile:show'],
  ['profile:check', '--json'],
  ['flush', '--yes'],
];

/**
 * Expect a password that the server accepts in no output, debug log, process title or child of a command. Everything
 * else of the profile is in `fields`, a line each.
 */
export async function expectPasswordHidden(fields: readonly string[], password: string): Promise<void> {
  const cwd = scratchFolder('password');
  const all = [...fields, `password: ${JSON.stringify(password)}`];
  const yaml = `default: shop\nprofiles:\n  shop:\n${all.map((line) => `    ${line}\n`).join('')}`;
  writeFileSync(path.join(cwd, 'cachectl.yaml'), yaml, { mode: 0o600 });
  const wasReached: string[] = [];
  for (const words of RUNS_ALL ? COMMANDS : COMMANDS.slice(0, 1)) {
    const isTail = words[0] === 'events:tail';
    const [ran] = await Promise.all([runWatched(words, { cwd, env: { DEBUG: '*' } }), isTail && somePuts(cwd)]);
    const { code, titles, ...seen } = ran;
    for (const [where, text] of Object.entries({ ...seen, titles: titles.join('\n') })) {
      expect(text, `${words.join(' ')}: ${where}`).not.to.include(password);
    }

    if (code === 0) wasReached.push(words[0]!);
    if (code === 0 && isTail) expect(seen.err, 'the environment of --exec').to.include('CACHECTL_EVENT_');
  }

  expect(wasReached, 'commands that the server let in').to.include('remember');
}

/** Events for a tail. */
async function somePuts(cwd: string): Promise<void> {
  for (const key of ['e1', 'e2', 'e3', 'e4', 'e5']) await cachectl(['put', key, 'v'], { cwd });
}

/** Run to the end, and note the command lines of the process and its children. */
export async function runWatched(
  args: readonly string[],
  options: RunOptions,
): Promise<Pick<Result, 'code' | 'err' | 'out'> & { readonly titles: readonly string[] }> {
  const run = start(args, options);
  run.child.stdin.end();
  const titles = new Set<string>();
  const watch = setInterval(() => addTitles(run.child.pid!, titles), 20);
  const { code, out, err } = await run.ended;
  clearInterval(watch);
  return { code, out, err, titles: [...titles] };
}

/** The command lines of a process and its children. Nothing where there is no /proc. */
function addTitles(pid: number, titles: Set<string>): void {
  try {
    titles.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean);
      for (const child of children) addTitles(Number(child), titles);
    }
  } catch {
    // It has ended.
  }
}
