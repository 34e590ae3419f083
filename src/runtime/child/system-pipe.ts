import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A pipe whose write end a command can inherit. */
export interface SystemPipe {
  readonly output: Socket;
  /** A file descriptor. The caller closes it. */
  readonly writeEnd: number;
}

/**
 * Open a real pipe. Node gives children sockets, which they cannot open by name (`-o /dev/stdout`). Undefined if there
 * is no `mkfifo` or no writable temporary folder.
 */
export function openPipe(): SystemPipe | undefined {
  try {
    const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-'));
    try {
      return openFifo(path.join(folder, 'output'));
    } finally {
      rmSync(folder, { force: true, recursive: true });
    }
  } catch {
    // A socket works for most commands.
    return undefined;
  }
}

/** @throws if the FIFO cannot be opened */
function openFifo(file: string): SystemPipe | undefined {
  if (spawnSync('mkfifo', [file], { stdio: 'ignore' }).status !== 0) return undefined;
  // Non-blocking, because opening would wait for the other end.
  const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writeEnd = openSync(file, constants.O_WRONLY);
    return { output: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}
