import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { CacheEvent } from '../../contract/events.js';
import type { Poller } from '../../events/poll-feed.js';
import type { SqliteContext } from '../context.js';
import type { RowKey } from '../listing/row-keys.js';

import { TimeoutError } from '../../../errors.js';
import { RowDifferences } from '../../sql/events/row-differences.js';
import { RowEvents, type Selection, TAILED_ROLES, type TailedRole } from '../../sql/events/row-events.js';
import { now, secondsOf } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { MovedFileError } from '../errors.js';
import { keysUnder } from '../keys.js';
import { OWNER_COLUMNS } from '../locks/lock.js';
import { Tables } from '../tables.js';

/** Rows of one read transaction. In between, the process does other work. */
const ROWS = 1000;

/**
 * Compares the rows with the last poll; the first poll reports nothing. Only reads. It does not read the rows if the file
 * has not changed and no row has expired.
 */
export class TablePoller implements Poller {
  readonly #context: SqliteContext;
  readonly #differences: RowDifferences;
  readonly #prefix: string;
  /** Its own, since SQLite's `data_version` does not count the changes of the same connection. */
  readonly #connection: Connection;
  #tables: Tables;
  #file: string | undefined;
  /** At the last whole poll of this file. Undefined if there was none. */
  #version: 'no file' | number | undefined;
  /** Unix time. */
  #nextExpiry = Infinity;

  constructor(context: SqliteContext, selection: Selection, report: (events: readonly CacheEvent[]) => void) {
    this.#context = context;
    this.#prefix = selection.everything === true ? '' : context.prefix;
    this.#differences = new RowDifferences(new RowEvents(context.prefix, selection), report);
    this.#connection = new Connection(context.profile.path, context.timeoutMs);
    this.#tables = new Tables(this.#connection, context.profile);
  }

  async poll(signal: AbortSignal): Promise<void> {
    try {
      this.#reopen();
      const version = this.#file === undefined ? 'no file' : this.#connection.dataVersion();
      if (!this.#differences.isFirst && version === this.#version && now() < this.#nextExpiry) return;
      this.#nextExpiry = Infinity;
      for (const role of TAILED_ROLES) await this.#compare(role, signal);
      if (!signal.aborted) this.#version = version;
      this.#differences.complete();
    } catch (error) {
      // Another process is writing, or has replaced the file. The next poll finds what this one did not.
      const isPassing = error instanceof TimeoutError || error instanceof MovedFileError;
      if (this.#differences.isFirst || !isPassing) throw error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** If another file is at the path, compare with its rows. */
  #reopen(): void {
    const file = this.#connection.fileAtPath();
    if (file === this.#file) return;
    this.#connection.close();
    this.#tables = new Tables(this.#connection, this.#context.profile);
    this.#file = file;
    this.#version = undefined;
  }

  async #compare(role: TailedRole, signal: AbortSignal): Promise<void> {
    const at = Date.now();
    this.#differences.begin(role);
    let after: RowKey | undefined;
    do {
      await nextTurn();
      if (signal.aborted) return;
      after = this.#comparePage(role, after, at);
    } while (after !== undefined);

    this.#differences.end(role, at);
  }

  /**
   * Returns the last key; undefined if there are no more rows.
   * @param at in milliseconds
   */
  #comparePage(role: TailedRole, after: RowKey | undefined, at: number): RowKey | undefined {
    const connection = this.#connection;
    return connection.run(() => {
      if (this.#file === undefined || !this.#tables.has(role)) return;
      const range = keysUnder(this.#prefix, { after });
      const rows = connection
        .statement<Row>(
          `SELECT CAST(key AS BLOB) AS storedKey, CAST(${OWNER_COLUMNS[role]} AS BLOB) AS content, expiration
           FROM ${this.#tables[role]} WHERE ${range.sql} ORDER BY key LIMIT ${ROWS}`,
        )
        .iterate(range.parameters);
      let count = 0;
      let last: Buffer | undefined;
      for (const row of rows) {
        count++;
        last = row.storedKey;
        if (typeof row.expiration === 'number') this.#compareRow(role, row, at);
      }

      return count < ROWS ? undefined : last;
    });
  }

  #compareRow(role: TailedRole, { storedKey: key, content, expiration }: Row, at: number): void {
    const isLive = expiration > secondsOf(at);
    if (isLive) this.#nextExpiry = Math.min(this.#nextExpiry, expiration);
    const bytes = content ?? EMPTY;
    const hash = isLive ? createHash('sha1').update(bytes).digest('base64') : undefined;
    const size = role === 'cache' ? bytes.length : undefined;
    this.#differences.row(role, { key, hash, expiration, size }, at);
  }
}

interface Row {
  readonly storedKey: Buffer;
  readonly content: Buffer | null;
  /** Any other type never counts as live. */
  readonly expiration: number;
}

const EMPTY = Buffer.alloc(0);
