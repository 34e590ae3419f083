import type { Stats } from 'node:fs';

import { statSync } from 'node:fs';

/**
 * Undefined if the file does not exist. From Node 22 on, `throwIfNoEntry` also returns undefined below a file in
 * place of a folder (ENOTDIR), which is a wrong path.
 * @throws any other error of the system
 */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
