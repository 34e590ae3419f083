import { readFileSync, statSync } from 'node:fs';

import type { Database } from './binding/binding.js';

import { sqliteBinding } from './binding/choose.js';
import { sqliteCode } from './binding/error-code.js';

/**
 * In WAL mode, SQLite can read a file only if it can create -wal and -shm beside it, which a read-only mount
 * prevents. Without a -wal, no process has the file open and it is complete, so a copy in memory can be read.
 * Undefined if `error` from opening is another one, or if the file is in use.
 */
export function copyWhereWalCannotBe(path: string, error: unknown): Database | undefined {
  const code = sqliteCode(error);
  if (code !== 'SQLITE_READONLY_DIRECTORY' && code !== 'SQLITE_CANTOPEN') return undefined;
  if (isInUse(path)) return undefined;
  const before = statSync(path).mtimeMs;
  const bytes = readFileSync(path);
  if (isInUse(path) || statSync(path).mtimeMs !== before) return undefined;
  // The read and write versions of the file format: 2 is WAL, 1 a rollback journal (sqlite.org/fileformat2.html,
  // 1.3.3).
  bytes.set([1, 1], 18);
  return sqliteBinding().openCopy(bytes, path);
}

function isInUse(path: string): boolean {
  return statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined;
}
