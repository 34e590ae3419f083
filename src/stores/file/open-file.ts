import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { namingFile, notAnEntry } from './errors.js';

/** An open regular file, and what it was when it was opened. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/**
 * Open a file of the cache to read it, or to change it as well. To open a FIFO would wait for its other end, and no
 * signal could end that.
 * @throws WrongTypeError for anything but a regular file
 */
export async function openFile(file: string, access: 'change' | 'read' = 'read'): Promise<OpenFile> {
  const mode = access === 'read' ? constants.O_RDONLY : constants.O_RDWR;
  // Windows has no O_NONBLOCK.
  const handle = await namingFile(file, open(file, mode | (constants.O_NONBLOCK ?? 0)));
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, stats };
    throw notAnEntry(file);
  } catch (error) {
    await handle.close();
    throw error;
  }
}
