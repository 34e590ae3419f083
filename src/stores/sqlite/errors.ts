import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { CachectlError, FullError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { sqliteCode } from './binding/error-code.js';

/** Translate an error of SQLite or the file system at `path` into one with a hint. */
export function translated(error: unknown, path: string): unknown {
  if (error instanceof CachectlError || !(error instanceof Error)) return error;
  const code = sqliteCode(error) ?? ('code' in error && typeof error.code === 'string' ? error.code : '');
  const cause = { cause: error };
  // SQLite's extended codes (SQLITE_BUSY_SNAPSHOT) begin with the primary code.
  for (const [prefix, explain] of EXPLANATIONS) {
    if (code.startsWith(prefix)) return explain(path, reasonOf(error), cause);
  }

  return error;
}

/** Node's messages have the code in front, and the call and path behind: «ENOTDIR: not a directory, stat '/a/b'». */
function reasonOf({ message }: Error): string {
  return message.replace(/^E[A-Z]+: /, '').replace(/, \w+ '.*$/s, '');
}

/** The file that is open is not the one at the path any more. */
export class MovedFileError extends UnreachableError {
  constructor(path: string, cause: ErrorOptions = {}) {
    super(
      `${path}: the file was removed or replaced while it was in use`,
      'Nothing was written to the new file. Check what removes it, and run the command again.',
      cause,
    );
  }
}

type Explain = (path: string, message: string, cause: ErrorOptions) => CachectlError;

const READ_ONLY: Explain = (path, message, cause) =>
  new RefusedError(
    `cannot write ${path}: ${message}`,
    'Check the permissions of the file and of its folder, where SQLite creates more files.',
    cause,
  );

const FULL: Explain = (path, _, cause) =>
  new FullError(`${path} cannot grow: the disk is full`, 'Free some space and try again.', cause);

/** SQLite reports a full disk as an I/O error if it cannot enlarge -shm, or if the size of files is limited. */
const IO_ERROR: Explain = (path, message, cause) =>
  isDiskFull(path)
    ? new FullError(
        `cannot use ${path}: the disk is full`,
        'Free some space and try again. SQLite needs some to read, too, for its -wal and -shm files.',
        cause,
      )
    : new UnreachableError(
        `cannot read or write ${path}: ${message}`,
        'Check the disk, and the limit on file sizes (ulimit -f).',
        cause,
      );

/** The size of -shm, and as much for the -wal. */
const SPACE_NEEDED = 64 * 1024;

function isDiskFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < SPACE_NEEDED;
  } catch {
    // The folder is gone or unreadable.
    return false;
  }
}

const NO_ACCESS: Explain = (path, message, cause) =>
  new RefusedError(
    `cannot open ${path}: ${message}`,
    'Check the permissions of the file and of its folder, or use another file with --url sqlite:///PATH.',
    cause,
  );

/** The first match counts. */
const EXPLANATIONS: ReadonlyArray<readonly [string, Explain]> = [
  [
    'SQLITE_BUSY',
    (path, _, cause) =>
      new TimeoutError(
        `${path} is still locked by another process`,
        'Try again when that process is done, or allow more time with --timeout 30s.',
        cause,
      ),
  ],
  [
    'SQLITE_NOTADB',
    (path, _, cause) =>
      new RefusedError(`${path} is not an SQLite database`, 'Check path in the profile. Nothing was changed.', cause),
  ],
  [
    'SQLITE_CORRUPT',
    (path, message, cause) =>
      new RefusedError(
        `${path} is damaged: ${message}`,
        'Restore it from a backup, or save what can be read with: sqlite3 FILE .recover',
        cause,
      ),
  ],
  ['SQLITE_READONLY_DBMOVED', (path, _, cause) => new MovedFileError(path, cause)],
  ['SQLITE_READONLY', READ_ONLY],
  ['EROFS', READ_ONLY],
  ['SQLITE_FULL', FULL],
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['EACCES', NO_ACCESS],
  ['EPERM', NO_ACCESS],
  ['SQLITE_PERM', NO_ACCESS],
  ['SQLITE_AUTH', NO_ACCESS],
  [
    'SQLITE_CANTOPEN',
    (path, message, cause) =>
      new UnreachableError(
        `cannot open ${path}: ${message}`,
        'Check path in the profile, and the permissions of the file and of its folder.',
        cause,
      ),
  ],
  ['SQLITE_IOERR', IO_ERROR],
  [
    'SQLITE_TOOBIG',
    (path, _, cause) =>
      new RefusedError(`the value is too large for ${path}`, 'SQLite values are limited to 1 GB.', cause),
  ],
  [
    'SQLITE',
    (path, message, cause) =>
      new RefusedError(
        `${path} refused: ${message}`,
        "Check that table and lockTable in the profile name Laravel's cache tables.",
        cause,
      ),
  ],
  [
    'E',
    (path, message, cause) =>
      new UnreachableError(`cannot open ${path}: ${message}`, 'Check path in the profile.', cause),
  ],
];
