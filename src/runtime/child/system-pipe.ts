import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A pipe with its write end open for a command to inherit. */
export interface SystemPipe {
  readonly output: Socket;
  /** A file descriptor; whoever opened the pipe closes it. */
  readonly writeEnd: number;
}

/**
 * A pipe of the system. What Node gives to commands are sockets, which a command cannot open by name (`-o /dev/stdout`).
 * Undefined where there is no `mkfifo`, or no place for what it makes.
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
    // A socket will do for all but a few commands.
    return undefined;
  }
}

/** @throws when the system does not make it */
function openFifo(file: string): SystemPipe | undefined {
  if (spawnSync('mkfifo', [file], { stdio: 'ignore' }).status !== 0) return undefined;
  // Else opening one end waits for the other.
  const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writeEnd = openSync(file, constants.O_WRONLY);
    return { output: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd };
  } catch (error) {
    closeSync(readEnd);
    throw error;
  }
}
