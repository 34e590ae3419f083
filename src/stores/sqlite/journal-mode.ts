import { closeSync, openSync, readSync } from 'node:fs';

import type { Connection } from './connection.js';

/** The offset of the read version: 2 is WAL, 1 a rollback journal (sqlite.org/fileformat2.html, 1.3.3). */
const READ_VERSION_AT = 19;

/**
 * The journal mode in the file's header. A WAL file in a read-only folder is read as a snapshot: from a copy, for which
 * SQLite reports `memory`, or with `immutable`, for which it reports `delete`.
 */
export function journalMode(connection: Connection): { readonly mode: string; readonly isSnapshot: boolean } {
  const row = connection.statement<{ journal_mode: string }>('PRAGMA journal_mode').get();
  const mode = row?.journal_mode ?? 'unknown';
  if (readVersion(connection.path) === 2) return { mode: 'wal', isSnapshot: mode !== 'wal' };
  return mode === 'memory' ? { mode: 'delete', isSnapshot: true } : { mode, isSnapshot: false };
}

function readVersion(path: string): number {
  const header = Buffer.alloc(READ_VERSION_AT + 1);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }

  return header.readUInt8(READ_VERSION_AT);
}
