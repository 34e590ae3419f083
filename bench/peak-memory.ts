import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { inFolder } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const HOOK = fileURLToPath(new URL('peak-memory-hook.mjs', import.meta.url));

/** What a run of the built program took. */
export interface Run {
  /** From its start to its end, starting included. */
  readonly seconds: number;
  /** The most that it ever had in memory, in megabytes (10^6 bytes). */
  readonly peakMb: number;
  /** Standard output; empty when `stdio` takes it elsewhere. */
  readonly out: string;
}

export interface RunOptions {
  /** File descriptors for standard input and output, where they matter. Nothing comes in, and `out` is kept, otherwise. */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What it may have in memory at any size, in megabytes. */
export const MEMORY_BUDGET_MB = 120;

/**
 * Runs the built program to its end, and learns from the system how much memory it had at most.
 * @throws when it does not exit with 0
 */
export async function cachectl(args: readonly string[], { stdin, stdout, env = {} }: RunOptions = {}): Promise<Run> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'peak');
    const stdio: StdioOptions = [stdin ?? 'ignore', stdout ?? 'pipe', 'pipe'];
    const start = performance.now();
    const child = spawn(process.execPath, ['--import', HOOK, PROGRAM, ...args], {
      stdio,
      env: { ...process.env, ...env, CACHECTL_BENCH_PEAK: file },
    });
    const [out, err, [code]] = await Promise.all([
      child.stdout === null ? '' : text(child.stdout),
      text(child.stderr!),
      once(child, 'exit'),
    ]);
    const seconds = (performance.now() - start) / 1000;
    if (code !== 0) throw new Error(`cachectl ${args.join(' ')} exited with ${code}: ${err}${out.slice(-500)}`);
    return { seconds, peakMb: Number(readFileSync(file, 'utf8')), out };
  });
}
