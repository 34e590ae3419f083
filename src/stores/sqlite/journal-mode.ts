import { closeSync, openSync, readSync } from 'node:fs';

import type { Connection } from './connection.js';

/** Where the file format keeps the read version: 2 is WAL, 1 a rollback journal (sqlite.org/fileformat2.html, 1.3.3). */
const READ_VERSION_AT = 19;

/**
 * The file's own journal mode. SQLite says `memory` of a copy, which is what is read of a file in WAL mode where none may be
 * written beside it.
 */
export function journalMode(connection: Connection): { readonly mode: string; readonly isCopy: boolean } {
  const row = connection.statement<{ journal_mode: string }>('PRAGMA journal_mode').get();
  const mode = row?.journal_mode ?? 'unknown';
  if (mode !== 'memory') return { mode, isCopy: false };
  return { mode: readVersion(connection.path) === 2 ? 'wal' : 'delete', isCopy: true };
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
