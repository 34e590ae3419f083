import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { inFolder } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const HOOK = fileURLToPath(new URL('peak-memory-hook.mjs', import.meta.url));

/** A run of the built program. */
export interface Run {
  /** From start to end, start-up included. */
  readonly seconds: number;
  /** Peak memory, in megabytes (10^6 bytes). */
  readonly peakMb: number;
  /** CPU time of the program, in all of its threads. */
  readonly cpuSeconds: number;
  /** Standard output; empty if `stdio` redirects it. */
  readonly out: string;
}

export interface RunOptions {
  /** File descriptors of standard input and output. Default: no input, output in `out`. */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The limit of memory at any size, in megabytes. */
export const MEMORY_BUDGET_MB = 120;

/**
 * Run the built program and measure its peak memory and CPU time.
 * @throws if it does not exit with 0
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
    const [peakMb, cpuSeconds] = readFileSync(file, 'utf8').split(' ').map(Number) as [number, number];
    return { seconds, peakMb, cpuSeconds, out };
  });
}
