import type { Stats } from 'node:fs';

import { statSync } from 'node:fs';

/**
 * Undefined where there is no such file. Node's own `throwIfNoEntry` gives undefined also below a file that is taken for a
 * folder (ENOTDIR), from Node 22 on; that is a mistaken path.
 * @throws the system's error, where it is another
 */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
