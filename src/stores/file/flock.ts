import type { FileHandle } from 'node:fs/promises';

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

import { RefusedError, TimeoutError } from '../../errors.js';

/** `LOCK_EX` and `LOCK_SH` of flock(2): exclusive for a change, shared for a read. */
export type LockMode = 'exclusive' | 'shared';

/** A program that locks the open file that it inherits. */
export interface LockProgram {
  readonly path: string;
  args(mode: LockMode): readonly string[];
}

/**
 * Take the lock of PHP's `flock()` on an open file. Closing the file releases it. Node cannot call flock(2), but the
 * lock belongs to the open file, not to a process, so a child process that inherits the file can take it.
 * @throws TimeoutError
 */
export async function flock(handle: FileHandle, mode: LockMode, file: string, timeoutMs: number): Promise<void> {
  const program = lockProgram() ?? refuse();
  // A separate process group, so Ctrl-C does not reach the child between the lock and the change.
  const child = spawn(program.path, program.args(mode), {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const [code] = (await once(child, 'exit')) as [null | number];
  if (code === 0) return;
  if (code !== null) throw new RefusedError(`cannot lock ${file}`, 'Its file system must support flock().');
  throw new TimeoutError(
    `${file} was locked by another process for ${timeoutMs / 1000} s`,
    'Try again when that process is done, or allow more time with --timeout 30s.',
  );
}

/** Find the first lock program on PATH. Undefined if there is none. */
export function lockProgram(): LockProgram | undefined {
  program ??= find() ?? false;
  return program || undefined;
}

let program: false | LockProgram | undefined;

/** The file descriptor in the child process. */
const FD = '3';

/** util-linux and BusyBox have flock. macOS has Perl. */
const PROGRAMS: ReadonlyArray<readonly [name: string, args: LockProgram['args']]> = [
  ['flock', (mode) => [mode === 'exclusive' ? '-x' : '-s', FD]],
  [
    'perl',
    (mode) => {
      const [access, operation] = mode === 'exclusive' ? ['+<', 2] : ['<', 1];
      return ['-e', `open(my $file, '${access}&=', ${FD}) or exit 1; flock($file, ${operation}) or exit 1`];
    },
  ],
];

function find(): LockProgram | undefined {
  // Windows has neither flock() nor inherited descriptors of this kind.
  if (process.platform === 'win32') return undefined;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  for (const [name, args] of PROGRAMS) {
    const found = folders.map((folder) => path.join(folder, name)).find((file) => isExecutable(file));
    if (found !== undefined) return { path: found, args };
  }

  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Missing or not executable.
    return false;
  }
}

function refuse(): never {
  throw new RefusedError(
    'cannot lock files as Laravel does: neither flock nor perl is on PATH',
    'Install flock (package util-linux). Without it, get, put and forget work; add, increment, touch, pull and locks do not.',
  );
}
