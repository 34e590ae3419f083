import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { scratchFolder } from './scratch.js';

/** A command whose runs are counted, and which goes on when it is let. */
export function slowCommand() {
  let folder = '';
  beforeEach(() => {
    folder = scratchFolder('remember');
  });
  afterEach(() => {
    // One that was left behind ends so.
    writeFileSync(`${folder}/go`, '');
  });
  const runs = (): number => (existsSync(`${folder}/runs`) ? readFileSync(`${folder}/runs`, 'utf8').length : 0);
  return {
    runs,
    /** Prints what it is told to when `letGo` was called, whether before or after it began. */
    prints: (text: string): string[] => [
      'sh',
      '-c',
      `printf r >> ${folder}/runs; until [ -e ${folder}/go ]; do sleep 0.05; done; ${text}`,
    ],
    letGo: () => appendFileSync(`${folder}/go`, ''),
    hold: () => rmSync(`${folder}/go`, { force: true }),
    hasRun: async (times: number) => until(() => runs() === times),
  };
}

/** Looks again and again, for as long as a test may last. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + LONGEST_TEST;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('what was waited for never came');
    await sleep(20);
  }
}

/** In milliseconds. */
const LONGEST_TEST = 85_000;
