import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Database, Statement } from './binding/binding.js';
import type { Statements } from './statements.js';

import { RefusedError } from '../../errors.js';
import { pragma, transaction } from './binding/binding.js';
import { sqliteBinding } from './binding/choose.js';
import { sqliteCode } from './binding/error-code.js';
import { translated } from './errors.js';
import { dropLapsedTails } from './events/tail-tables.js';
import { dropStaleWaiters } from './locks/waiters.js';
import { copyWhereWalCannotBe } from './read-only.js';
import { statIfThere } from './stat.js';
import { separateTags } from './tags/tables.js';

export type { Statement } from './binding/binding.js';

/** Of SQLite's own: the system keeps the file in memory anyway. */
const CACHE_KIB = 4000;

/** Pages that are written before they go from the log into the file. Each time the disk is waited for. */
const CHECKPOINT_PAGES = 4000;

/**
 * One connection to one file, made on first use. Everything that goes wrong within `run`, `read` and `write` comes
 * out as an error that names the file.
 */
export class Connection implements Statements {
  readonly path: string;
  readonly #timeoutMs: number;
  readonly #statements = new Map<string, Statement<unknown>>();
  #database: Database | undefined;
  #writable = false;

  /** `timeoutMs` is how long to wait for a file that another process has locked; it blocks the process. */
  constructor(path: string, timeoutMs: number) {
    this.path = path;
    this.#timeoutMs = timeoutMs;
  }

  /** False when there is no file yet. Reading must not make one: the path may be a mistake. */
  exists(): boolean {
    return this.#database !== undefined || statIfThere(this.path) !== undefined;
  }

  /** Statements of its own each. */
  run<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translated(error, this.path);
    }
  }

  /** One transaction that sees one moment of the file. */
  read<T>(work: () => T): T {
    return this.run(() => transaction(this.#open(), 'DEFERRED', work));
  }

  /** One transaction; the write lock is taken first, so that what it reads cannot change before it writes. */
  write<T>(work: () => T): T {
    return this.run(() => {
      this.#openToWrite();
      return transaction(this.#open(), 'IMMEDIATE', work);
    });
  }

  statement<Row>(sql: string): Statement<Row> {
    const known = this.#statements.get(sql);
    if (known) return known as Statement<Row>;
    const made = this.#open().prepare<Row>(sql);
    this.#statements.set(sql, made);
    return made;
  }

  execute(sql: string): void {
    this.#open().exec(sql);
  }

  /** A number that is another one when another connection has changed the file. */
  dataVersion(): number {
    return this.run(() => {
      const row = this.statement<{ data_version: number }>('PRAGMA data_version').get() as { data_version: number };
      return row.data_version;
    });
  }

  /** From now on. For a connection that must not block while it lives, and may when it ends. */
  waitForLocks(milliseconds: number): void {
    this.run(() => this.#open().exec(`PRAGMA busy_timeout = ${Math.trunc(milliseconds)}`));
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#statements.clear();
  }

  #open(): Database {
    this.#database ??= opened(this.path, this.#timeoutMs);
    return this.#database;
  }

  #openToWrite(): void {
    if (this.#writable) return;
    if (!this.exists() && created(this.path)) switchToWal(this.#open(), this.#timeoutMs);
    // In WAL a commit is then safe from a crash of the process, and costs no fsync; a lost cache entry is a miss.
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

/** SQLite does not wait for others here, as it does elsewhere: it says busy at once. */
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
    throw new RefusedError(`${path} is a folder, not a file`, "Give the path of the file in the profile's path.");
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
  // A statement of many rows keeps what it changes until it is over, so that it can be undone alone: not much.
  database.exec('PRAGMA temp_store = MEMORY');
  // Bytes are written as TEXT by a cast, which takes them in the file's encoding.
  const encoding = pragma(database, 'encoding');
  if (encoding !== 'UTF-16le' && encoding !== 'UTF-16be') return database;
  throw new RefusedError(
    `${path} keeps its text as UTF-16; Laravel's caches are UTF-8`,
    'Point the profile at a file made by Laravel or by cachectl.',
  );
}

/** Makes an empty file that only its user reads (SQLite gives -wal and -shm the same mode). False when another was faster. */
function created(path: string): boolean {
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** With those above it. Node's own way to do so never returns where the system makes none, as under /proc. */
function makeFolder(folder: string): void {
  if (statIfThere(folder) !== undefined) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
