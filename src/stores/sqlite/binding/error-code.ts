/** The primary result codes of SQLite (sqlite.org/rescode.html) that files can cause. */
const PRIMARY: ReadonlyMap<number, string> = new Map([
  [1, 'SQLITE_ERROR'],
  [3, 'SQLITE_PERM'],
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
  [18, 'SQLITE_TOOBIG'],
  [19, 'SQLITE_CONSTRAINT'],
  [23, 'SQLITE_AUTH'],
  [26, 'SQLITE_NOTADB'],
]);

/** SQLITE_READONLY_DIRECTORY: the folder is not writable. */
const READONLY_DIRECTORY = 1544;

/**
 * The result code of an SQLite error from either binding. Undefined for other errors. An extended code
 * (SQLITE_BUSY_SNAPSHOT) begins with the primary code, or is reduced to it.
 */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (error.code.startsWith('SQLITE_')) return error.code;
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  if (error.errcode === READONLY_DIRECTORY) return 'SQLITE_READONLY_DIRECTORY';
  // The low byte is the primary code.
  return PRIMARY.get(error.errcode & 0xff) ?? 'SQLITE_ERROR';
}
