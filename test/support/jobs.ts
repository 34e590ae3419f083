import { readFileSync } from 'node:fs';

import type { Run } from './cli.js';

/** What starts the program without a controlling terminal, whatever the tests have: `through` of test/support/cli.ts. */
export const WITHOUT_TERMINAL = ['setsid'];

/**
 * What starts the program on a terminal of its own, as a shell would: what is written to its standard input is typed, and
 * its two outputs are one. Arguments must not hold single quotes.
 */
export const AT_TERMINAL = [
  'sh',
  '-c',
  String.raw`words=; for word; do words="$words '$word'"; done; exec script -qec "exec $words" /dev/null`,
  'sh',
];

/** Of a program that prints `NAME NUMBER`: the number, once it is there. */
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

/** Whether a process is there and has not ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }

  return !isZombie(pid);
}

/** As Linux tells: in a container that has no init nobody may ask for its exit code. */
function isZombie(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
