import type { CacheEvent } from '../../contract/events.js';
import type { Selection, TailedRole } from '../../sql/events/row-events.js';
import type { SqliteContext } from '../context.js';

import { PartialError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { now } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { fileId } from '../file-id.js';
import { Tables } from '../tables.js';
import { type ExpiredRow, Expiries } from './expiries.js';
import { TailDecoder } from './tail-decoder.js';
import {
  attach,
  changesAfter,
  createTail,
  detach,
  dropTail,
  interruptionOf,
  LEASE_S,
  newTailId,
  removeChanges,
  renewLease,
} from './tail-tables.js';
import { isTailed } from './tail-triggers.js';

/** How long a read may block this process while another one writes, in milliseconds. It is retried soon. */
const READ_MS = 100;

/** Rows per read, so that memory is bounded. The rest stays in the file. */
const ROWS = 1000;

/**
 * Reported changes that may stay in the file. Removing them is a write. If one happens between the read and the write
 * of an application's transaction, as in Laravel's increment, SQLite fails that transaction as locked. So it is done
 * rarely.
 */
const MAX_REPORTED = 4000;

const RENEW_MS = (LEASE_S * 1000) / 6;

/** The result of one read. */
export interface Batch {
  readonly events: readonly CacheEvent[];
  /** There are probably more changes. */
  readonly isMore: boolean;
}

/**
 * The triggers of one tail and the changes that they record. It has its own connection, since SQLite's `data_version`
 * does not count a connection's own changes. Synchronous, like SQLite.
 */
export class TailSession {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #selection: Selection;
  /** The prefix of recorded keys. */
  readonly #tailedPrefix: string;
  readonly #decoder: TailDecoder;
  readonly #id = newTailId();
  readonly #file: string | undefined;
  readonly #triggers = new Map<TailedRole, number>();
  readonly #expiries = new Map<TailedRole, Expiries>();
  #recordsTags = false;
  #isFileGone = false;
  /** The `seq` of the last reported change, and of the last removed one. */
  #reported = 0;
  #removed = 0;
  /** The version of the file at which all changes had been read. */
  #version: number | undefined;
  /** On the clock of `performance`. */
  #nextRenewal = performance.now() + RENEW_MS;

  /** Creates the file and the cache table if they are missing, since triggers need a table. */
  static begin(context: SqliteContext, selection: Selection): TailSession {
    return new TailSession(context, selection, (tables) => tables.create('cache'));
  }

  /**
   * Creates neither, since the application will.
   * @throws PartialError if they do not exist yet
   * @throws TimeoutError if another process is writing
   */
  static resume(context: SqliteContext, selection: Selection): TailSession {
    const { path } = context.profile;
    if (fileId(path) === undefined) throw interrupted(path, 'the file was removed');
    return new TailSession({ ...context, timeoutMs: READ_MS }, selection, (tables) => {
      if (!tables.has('cache')) throw interrupted(path, 'its cache table was dropped');
    });
  }

  private constructor(
    { profile, prefix, timeoutMs }: SqliteContext,
    selection: Selection,
    prepare: (tables: Tables) => void,
  ) {
    this.#path = profile.path;
    this.#connection = new Connection(profile.path, timeoutMs);
    this.#tables = new Tables(this.#connection, profile);
    this.#selection = selection;
    this.#tailedPrefix = selection.everything === true ? '' : prefix;
    this.#decoder = new TailDecoder(prefix, selection, {
      expiries: (role) => this.#expiries.get(role),
      tagsOf: (key) => this.#tagsOf(key),
    });
    try {
      this.#connection.write(() => {
        prepare(this.#tables);
        createTail(this.#connection, this.#id);
        this.#recordsTags = this.#canRecordTags();
        this.#attach('cache');
        if (this.#tables.has('locks')) this.#attach('locks');
      });
      this.#file = fileId(this.#path);
      this.#connection.waitForLocks(READ_MS);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /**
   * Read the changes since the last read.
   * @throws TimeoutError if another process is writing; nothing is lost
   * @throws PartialError if changes may have gone unrecorded
   */
  read(): Batch {
    this.#checkFile();
    this.#renew();
    if (this.#reported - this.#removed > MAX_REPORTED) this.#connection.write(() => this.#remove());
    const version = this.#connection.dataVersion();
    const areDue = [...this.#expiries.values()].some((expiries) => expiries.areDue());
    if (version === this.#version && !areDue) return { events: [], isMore: false };
    const pending = this.#connection.read(() => {
      this.#checkTriggers();
      return this.#needsUpkeep() ? undefined : this.#changes();
    });
    const { events, isMore } = pending?.commit() ?? this.#readWithUpkeep();
    if (!isMore) this.#version = version;
    return { events, isMore };
  }

  /**
   * Remove the triggers and their table, and return the events recorded until then. Call it once.
   * @param milliseconds how long to wait for other writers
   * @throws TimeoutError if they took longer; then nothing was removed
   */
  end(milliseconds: number): readonly CacheEvent[] {
    const events = this.#isFileGone ? [] : this.#cleanUp(milliseconds);
    this.close();
    return events;
  }

  /** Close the connection without removing the triggers. */
  close(): void {
    this.#connection.close();
  }

  #cleanUp(milliseconds: number): readonly CacheEvent[] {
    this.#connection.waitForLocks(milliseconds);
    return this.#connection.write(() => {
      this.#recordsTags &&= this.#canRecordTags();
      const last: CacheEvent[] = [];
      for (let isMore = true; isMore;) {
        const changes = changesAfter(this.#connection, this.#id, this.#reported, ROWS);
        for (const change of changes) last.push(...this.#decoder.ofChange(change));
        this.#reported = changes.at(-1)?.seq ?? this.#reported;
        isMore = changes.length === ROWS;
      }

      dropTail(this.#connection, this.#id);
      return last;
    });
  }

  /** Adapt to new tables, then read. */
  #readWithUpkeep(): Batch {
    const { newLocks, pending } = this.#connection.write(() => {
      this.#checkTriggers();
      return { newLocks: this.#upkeep(), pending: this.#changes() };
    });
    const { events, isMore } = pending.commit();
    return { events: [...newLocks, ...events], isMore };
  }

  /** Only within `read` or `write`. `commit` marks the events as reported; call it after the transaction. */
  #changes(): { commit(): Batch } {
    const changes = changesAfter(this.#connection, this.#id, this.#reported, ROWS);
    const events = changes.flatMap((change) => this.#decoder.ofChange(change));
    const isFull = changes.length === ROWS;
    // A row has expired without a change only if all changes up to now have been read.
    const expired = isFull ? undefined : this.#search();
    return {
      commit: () => {
        this.#reported = changes.at(-1)?.seq ?? this.#reported;
        const rest = expired?.commit();
        return { events: [...events, ...(rest?.events ?? [])], isMore: isFull || rest?.isMore === true };
      },
    };
  }

  /** Only within `write`. */
  #remove(): void {
    removeChanges(this.#connection, this.#id, this.#reported);
    this.#removed = this.#reported;
  }

  /** Only within `read` or `write`. `commit` marks the events as reported; call it after the transaction. */
  #search(): { commit(): Batch } {
    const found = [...this.#expiries].map(([role, expiries]) => ({ role, expiries, ...expiries.search(ROWS) }));
    const events = found.flatMap(({ role, rows }) => rows.flatMap((row) => this.#decoder.ofExpired(role, row)));
    return {
      commit() {
        for (const { expiries, upTo } of found) expiries.advance(upTo);
        return { events, isMore: found.some(({ rows }) => rows.length === ROWS) };
      },
    };
  }

  #attach(role: TailedRole): void {
    const tagsTable = this.#recordsTags ? this.#tables.tags : undefined;
    const tailed = { role, table: this.#tables[role], prefix: this.#tailedPrefix, tagsTable };
    this.#triggers.set(role, attach(this.#connection, this.#id, tailed));
    if (this.#expiries.has(role)) return;
    this.#expiries.set(role, new Expiries(this.#connection, this.#tables, role, this.#tailedPrefix));
  }

  /** Whether the table of locks or tags has been created or dropped. A tail creates only the cache table. */
  #needsUpkeep(): boolean {
    return this.#recordsTags !== this.#canRecordTags() || (!this.#triggers.has('locks') && this.#tables.has('locks'));
  }

  /** Adapt the triggers to the tables. Returns the events of locks in a new table. Only within `write`. */
  #upkeep(): readonly CacheEvent[] {
    if (this.#recordsTags !== this.#canRecordTags()) {
      this.#recordsTags = this.#canRecordTags();
      detach(this.#connection, this.#id, 'cache');
      this.#attach('cache');
    }

    if (this.#triggers.has('locks') || !this.#tables.has('locks')) return [];
    this.#attach('locks');
    const time = Date.now();
    return this.#newLocks().flatMap((row) => this.#decoder.ofNewLock(row, time));
  }

  /** The locks of a table that was created since the last read. A new table has few. */
  #newLocks(): readonly ExpiredRow[] {
    return this.#connection
      .statement<ExpiredRow>(
        `SELECT CAST(key AS BLOB) AS key, expiration, rowid AS row FROM ${this.#tables.locks}
         WHERE ${isTailed(this.#tailedPrefix, 'key')} AND expiration > ? LIMIT ${ROWS}`,
      )
      .all(now());
  }

  #canRecordTags(): boolean {
    return this.#selection.tags === true && this.#tables.has('tags');
  }

  #tagsOf(key: Buffer): readonly string[] {
    if (!this.#recordsTags) return [];
    return this.#connection
      .statement<{ tag: Buffer }>(
        `SELECT CAST(tag AS BLOB) AS tag FROM ${this.#tables.tags} AS tags WHERE key = CAST(? AS TEXT) ORDER BY tags.tag`,
      )
      .all(key)
      .map(({ tag }) => keyFromBytes(tag));
  }

  #checkTriggers(): void {
    const triggers = [...this.#triggers.values()].reduce((sum, number) => sum + number, 0);
    const why = interruptionOf(this.#connection, this.#id, triggers);
    if (why !== undefined) throw interrupted(this.#path, why);
  }

  #checkFile(): void {
    this.#isFileGone = this.#connection.fileAtPath() !== this.#file;
    if (this.#isFileGone) throw interrupted(this.#path, 'the file was removed or replaced');
  }

  #renew(): void {
    if (performance.now() < this.#nextRenewal) return;
    this.#connection.write(() => {
      renewLease(this.#connection, this.#id);
      if (this.#reported > this.#removed) this.#remove();
    });
    this.#nextRenewal = performance.now() + RENEW_MS;
  }
}

function interrupted(path: string, why: string): PartialError {
  return new PartialError(`the tail of ${path} was interrupted: ${why}`, 'Run the command again.');
}
