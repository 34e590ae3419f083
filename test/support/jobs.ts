import { readFileSync } from 'node:fs';

import type { Run } from './cli.js';

/** Starts the program without a controlling terminal: `through` of test/support/cli.ts. */
export const WITHOUT_TERMINAL = ['setsid'];

/**
 * Starts the program on its own terminal, as a shell does. Its standard input is typed, and both outputs are one.
 * Arguments must not contain single quotes.
 */
export const AT_TERMINAL = [
  'sh',
  '-c',
  String.raw`words=; for word; do words="$words '$word'"; done; exec script -qec "exec $words" /dev/null`,
  'sh',
];

/** Wait until a program has printed `NAME NUMBER`, and return the number. */
export async function numberOf(run: Run, name: string): Promise<number> {
  const pattern = new RegExp(String.raw`\b${name} (\d+)\r?\n`);
  while (!pattern.test(run.output())) {
    const more = new Promise<void>((resolve) => {
      run.child.stdout.once('data', () => resolve());
    });
    const isOver = await Promise.race([more.then(() => false), run.ended.then(() => true)]);
    if (isOver && !pattern.test(run.output())) throw new Error(`ended without ${name}: ${run.output()}`);
  }

  return Number(pattern.exec(run.output())![1]);
}

/** Whether a process exists and has not ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }

  return !isZombie(pid);
}

/** On Linux: in a container without init, nobody collects the exit code. */
function isZombie(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
