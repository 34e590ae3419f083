import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

import { constants, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { systemCode } from './system-errors.js';

/**
 * Open a FIFO, or the pipe of `<(command)`, to read it. A file stream would block a thread until there is a writer and
 * a byte, and a blocked thread keeps the process from ending. Undefined for anything else, and where a FIFO without a
 * writer looks like one that has ended (only Linux is known not to do that).
 * @throws the system's error if the file does not exist or cannot be read
 */
export function openFifo(file: string): Readable | undefined {
  if (process.platform !== 'linux' || !statSync(file).isFIFO()) return undefined;
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Interval between looks for a reader, in milliseconds. */
const PAUSE = 50;

/**
 * Open a file to write it from its beginning. Waits for the reader of a FIFO without blocking a thread.
 * @throws the system's error if the file cannot be written
 */
export async function openToWrite(file: string): Promise<FileHandle> {
  const reached = process.platform === 'win32' || !statSync(file).isFIFO() ? undefined : await fifoReader(file);
  try {
    return await open(file, 'w');
  } finally {
    // Not before: the reader would see the end.
    await reached?.close();
  }
}

async function fifoReader(file: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(file, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (systemCode(error) !== 'ENXIO') throw error;
      await sleep(PAUSE);
    }
  }
}
