import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Database, Statement } from './binding/binding.js';
import type { Statements } from './statements.js';

import { RefusedError } from '../../errors.js';
import { systemCode } from '../../system-errors.js';
import { pragma, transaction } from './binding/binding.js';
import { sqliteBinding } from './binding/choose.js';
import { sqliteCode } from './binding/error-code.js';
import { MovedFileError, translated } from './errors.js';
import { dropLapsedTails } from './events/tail-tables.js';
import { fileId } from './file-id.js';
import { dropStaleWaiters } from './locks/waiters.js';
import { copyWhereWalCannotBe } from './read-only.js';
import { statIfThere } from './stat.js';
import { separateTags } from './tags/tables.js';

export type { Statement } from './binding/binding.js';

/** SQLite's own cache; the system caches the file anyway. */
const CACHE_KIB = 4000;

/** WAL auto-checkpoint size in pages. Every checkpoint fsyncs. */
const CHECKPOINT_PAGES = 4000;

/**
 * A connection to a file, opened on first use. Errors inside `run`, `read` and `write` are translated to errors that
 * name the file.
 */
export class Connection implements Statements {
  readonly path: string;
  readonly #timeoutMs: number;
  readonly #statements = new Map<string, Statement<unknown>>();
  #database: Database | undefined;
  /** Undefined without a file: SQLite creates it with the first write. */
  #file: string | undefined;
  #isMoved = false;
  #writable = false;

  /** `timeoutMs` is how long to wait for a locked file; the wait blocks the process. */
  constructor(path: string, timeoutMs: number) {
    this.path = path;
    this.#timeoutMs = timeoutMs;
  }

  /** False without a file. A read must not create one: the path may be a typo. */
  exists(): boolean {
    return this.#database !== undefined || statIfThere(this.path) !== undefined;
  }

  /** Run statements outside of a transaction. */
  run<T>(work: () => T): T {
    try {
      // SQLite then leaves -wal and -shm alone: they may be those of the new file.
      if (this.#isMoved) this.close();
      return this.#inPlace(work);
    } catch (error) {
      throw translated(error, this.path);
    }
  }

  /** The identity of the file at the path, which may not be the open one. */
  fileAtPath(): string | undefined {
    try {
      return fileId(this.path);
    } catch (error) {
      throw translated(error, this.path);
    }
  }

  /** Run a read transaction on one snapshot of the file. */
  read<T>(work: () => T): T {
    return this.run(() => transaction(this.#open(), 'DEFERRED', work));
  }

  /** Run a write transaction. It takes the write lock first, so that its reads stay valid. */
  write<T>(work: () => T): T {
    return this.run(() => {
      this.#openToWrite();
      return transaction(this.#open(), 'IMMEDIATE', () => this.#inPlace(work));
    });
  }

  statement<Row>(sql: string): Statement<Row> {
    const known = this.#statements.get(sql);
    if (known) return known as Statement<Row>;
    const prepared = this.#open().prepare<Row>(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  execute(sql: string): void {
    this.#open().exec(sql);
  }

  /** Changes when another connection has changed the file. */
  dataVersion(): number {
    return this.run(() => {
      const row = this.statement<{ data_version: number }>('PRAGMA data_version').get() as { data_version: number };
      return row.data_version;
    });
  }

  /** Change the timeout: a connection may have to be non-blocking until it ends. */
  waitForLocks(milliseconds: number): void {
    this.run(() => this.#open().exec(`PRAGMA busy_timeout = ${Math.trunc(milliseconds)}`));
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#isMoved = false;
    this.#writable = false;
    this.#statements.clear();
  }

  #open(): Database {
    if (this.#database === undefined) {
      this.#database = opened(this.path, this.#timeoutMs);
      this.#file = fileId(this.path);
    }

    return this.#database;
  }

  /** What is written to a removed file is lost, and nobody sees the locks in it. Writes check before the commit, too. */
  #inPlace<T>(work: () => T): T {
    const result = work();
    // Without an id, `work` has not opened the file, or SQLite is yet to create it.
    const isKnown = this.#database !== undefined && this.#file !== undefined;
    this.#isMoved = isKnown && fileId(this.path) !== this.#file;
    if (this.#isMoved) throw new MovedFileError(this.path);
    return result;
  }

  #openToWrite(): void {
    if (this.#writable) return;
    if (!this.exists() && created(this.path)) switchToWal(this.#open(), this.#timeoutMs);
    // In WAL mode, a commit survives a crash of the process without an fsync. A lost cache entry is a miss.
    if (pragma(this.#open(), 'journal_mode') === 'wal') {
      this.#open().exec('PRAGMA synchronous = NORMAL');
      this.#open().exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    }

    this.#writable = true;
    this.write(() => {
      dropLapsedTails(this);
      dropStaleWaiters(this);
      separateTags(this);
    });
  }
}

/** SQLite does not wait for a lock here but reports busy at once. */
function switchToWal(database: Database, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = sqliteCode(error)?.startsWith('SQLITE_BUSY') === true;
      if (!isBusy || performance.now() > deadline) throw error;
      Atomics.wait(clock, 0, 0, 2);
    }
  }
}

function opened(path: string, timeoutMs: number): Database {
  if (statIfThere(path)?.isDirectory()) {
    throw new RefusedError(`${path} is a folder, not a file`, 'Set path in the profile to a file.');
  }

  const database = sqliteBinding().open(path, { timeoutMs });
  try {
    return checked(database, path);
  } catch (error) {
    database.close();
    const copy = copyWhereWalCannotBe(path, error);
    if (copy) return checked(copy, path);
    throw error;
  }
}

function checked(database: Database, path: string): Database {
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  // A statement with many rows keeps a rollback journal in memory until it ends; that is not much.
  database.exec('PRAGMA temp_store = MEMORY');
  // A cast writes bytes as TEXT in the file's encoding.
  const encoding = pragma(database, 'encoding');
  if (encoding !== 'UTF-16le' && encoding !== 'UTF-16be') return database;
  throw new RefusedError(
    `${path} stores text as UTF-16; Laravel's caches use UTF-8`,
    'Point the profile at a file made by Laravel or by cachectl.',
  );
}

/** Create an empty private file (SQLite gives -wal and -shm the same mode). False if another process was faster. */
function created(path: string): boolean {
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Create a folder and its parents. Node's recursive mkdir never returns where folders cannot be created, as in /proc.
 */
function makeFolder(folder: string): void {
  if (statIfThere(folder) !== undefined) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
