import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { scratchFolder } from './scratch.js';

/** A command that counts its runs and waits for a signal. */
export function slowCommand() {
  let folder = '';
  beforeEach(() => {
    folder = scratchFolder('remember');
  });
  afterEach(() => {
    // Releases a run that was left behind.
    writeFileSync(`${folder}/go`, '');
  });
  const runs = (): number => (existsSync(`${folder}/runs`) ? readFileSync(`${folder}/runs`, 'utf8').length : 0);
  return {
    runs,
    /** Prints the text after `letGo`, whether called before or after it started. */
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

/** Polls for as long as a test may take. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + MAX_TEST;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('what was waited for never came');
    await sleep(20);
  }
}

/** In milliseconds. */
const MAX_TEST = 85_000;
