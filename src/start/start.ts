// What bin/run.js loads first: small, so that it is read and compiled fast.
import path from 'node:path';

import { Packs } from './packs.js';

export { Packs } from './packs.js';

interface Program {
  main(argv: readonly string[], root: string): Promise<never>;
}

/** Runs the program that was built into `root`'s dist. All that the packs hold is in files of their own, too. */
export function start(argv: readonly string[], root: string): void {
  const program = new Packs(path.join(root, 'dist')).require('./cli/main.cjs') as Program;
  program.main(argv, root);
}
