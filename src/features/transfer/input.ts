import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';

import { openFifo } from '../../fifo.js';
import { readError } from '../../system-errors.js';

/** Bytes that are read at once: about a thousand lines. */
const CHUNK = 256 * 1024;

/** Where lines are read from. */
export interface Input {
  /** Undefined for standard input and pipes, which cannot be read again. */
  readonly file: FileHandle | undefined;
  /** Bytes of the file. */
  readonly size: number | undefined;
  /** @param offset 0 where there is no file */
  chunks(offset: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file, or standard input for `-`.
 * @param signal ends the wait for more input
 * @throws InputError when it cannot be read
 */
export async function openInput(path: string, signal: AbortSignal): Promise<Input> {
  if (path === '-') return streamed(process.stdin, signal);
  try {
    const fifo = openFifo(path);
    if (fifo) return streamed(fifo, signal);
    const file = await open(path, 'r');
    const stats = await file.stat();
    // Reading a folder fails with the reason.
    if (!stats.isFile() && !stats.isDirectory()) return streamed(file.createReadStream(), signal);
    return {
      file,
      size: stats.size,
      chunks: (offset) => fileChunks(path, file, offset, signal),
      close: async () => file.close(),
    };
  } catch (error) {
    throw readError(path, error);
  }
}

function streamed(stream: Readable, signal: AbortSignal): Input {
  return {
    file: undefined,
    size: undefined,
    chunks: () => addAbortSignal(signal, stream) as AsyncIterable<Buffer>,
    async close() {
      // Its writer may still be running.
      stream.destroy();
    },
  };
}

async function* fileChunks(
  path: string,
  file: FileHandle,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = offset; ;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at).catch((error: unknown) => {
      throw readError(path, error);
    });
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
