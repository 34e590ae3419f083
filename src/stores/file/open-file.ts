import type { FileHandle } from 'node:fs/promises';

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { systemCode } from '../../system-errors.js';
import { notAnEntry } from './errors.js';

/**
 * Open a file of the cache to read it, or to change it as well. To open a FIFO would wait for its other end, and no
 * signal could end that.
 * @throws WrongTypeError for anything but a regular file
 */
export async function openFile(file: string, access: 'change' | 'read' = 'read'): Promise<FileHandle> {
  const handle = await opened(file, access === 'read' ? constants.O_RDONLY : constants.O_RDWR);
  let isFile = false;
  try {
    isFile = (await handle.stat()).isFile();
    if (isFile) return handle;
    throw notAnEntry(file);
  } finally {
    if (!isFile) await handle.close();
  }
}

async function opened(file: string, flags: number): Promise<FileHandle> {
  try {
    // Windows has no O_NONBLOCK.
    return await open(file, flags | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (NO_FILE.has(systemCode(error) ?? '')) throw notAnEntry(file);
    throw error;
  }
}

/** A folder cannot be written to, and a socket cannot be opened. */
const NO_FILE = new Set(['EISDIR', 'ENXIO']);
