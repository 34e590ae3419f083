import { readFileSync, statSync } from 'node:fs';

import type { Database } from './binding/binding.js';

import { sqliteBinding } from './binding/choose.js';
import { sqliteCode } from './binding/error-code.js';

/**
 * SQLite reads a file in WAL mode only where it can make a -wal and a -shm beside it; not on a read-only mount, then.
 * Where there is no -wal, nobody has the file open and it is complete: a copy of it in memory can be read.
 * Undefined when `error`, which opening gave, is another one, or when the file is in use.
 */
export function copyWhereWalCannotBe(path: string, error: unknown): Database | undefined {
  const code = sqliteCode(error);
  if (code !== 'SQLITE_READONLY_DIRECTORY' && code !== 'SQLITE_CANTOPEN') return undefined;
  if (isInUse(path)) return undefined;
  const before = statSync(path).mtimeMs;
  const bytes = readFileSync(path);
  if (isInUse(path) || statSync(path).mtimeMs !== before) return undefined;
  // The file format's read and write versions: 2 is WAL, 1 is a rollback journal (sqlite.org/fileformat2.html, 1.3.3).
  bytes.set([1, 1], 18);
  return sqliteBinding().openCopy(bytes, path);
}

function isInUse(path: string): boolean {
  return statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined;
}
