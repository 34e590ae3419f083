import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { CacheEvent } from '../../contract/events.js';
import type { Poller } from '../../events/poll-feed.js';
import type { SqliteContext } from '../context.js';
import type { RowKey } from '../listing/row-keys.js';
import type { Change } from './tail-tables.js';
import type { TailedRole } from './tail-triggers.js';

import { TimeoutError } from '../../../errors.js';
import { Snapshot } from '../../events/snapshot.js';
import { now } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { fileId } from '../file-id.js';
import { keysUnder } from '../keys.js';
import { OWNER_COLUMNS } from '../locks/lock.js';
import { Tables } from '../tables.js';
import { type Selection, TailDecoder } from './tail-decoder.js';

/** Rows of one read transaction. In between, the process does other work. */
const ROWS = 1000;

const ROLES: readonly TailedRole[] = ['cache', 'locks'];

/**
 * Compares the rows with the last poll; the first poll reports nothing. Only reads. It does not read the rows if the file
 * has not changed and no row has expired.
 */
export class TablePoller implements Poller {
  readonly #context: SqliteContext;
  readonly #decoder: TailDecoder;
  readonly #report: (events: readonly CacheEvent[]) => void;
  readonly #prefix: string;
  readonly #snapshots = { cache: new Snapshot(), locks: new Snapshot() };
  /** Its own, since SQLite's `data_version` does not count the changes of the same connection. */
  readonly #connection: Connection;
  #tables: Tables;
  #file: string | undefined;
  /** At the last whole poll of this file. Undefined if there was none. */
  #version: 'no file' | number | undefined;
  /** Unix time. */
  #nextExpiry = Infinity;
  #isFirst = true;

  constructor(context: SqliteContext, selection: Selection, report: (events: readonly CacheEvent[]) => void) {
    this.#context = context;
    this.#report = report;
    this.#prefix = selection.everything === true ? '' : context.prefix;
    this.#decoder = new TailDecoder(context.prefix, selection, { expiries: noExpiries, tagsOf: () => [] });
    this.#connection = new Connection(context.profile.path, context.timeoutMs);
    this.#tables = new Tables(this.#connection, context.profile);
  }

  async poll(signal: AbortSignal): Promise<void> {
    try {
      this.#reopen();
      const version = this.#file === undefined ? 'no file' : this.#connection.dataVersion();
      if (!this.#isFirst && version === this.#version && now() < this.#nextExpiry) return;
      this.#nextExpiry = Infinity;
      for (const role of ROLES) await this.#compare(role, signal);
      if (!signal.aborted) this.#version = version;
      this.#isFirst = false;
    } catch (error) {
      // Another process is writing. The next poll finds what this one did not.
      if (this.#isFirst || !(error instanceof TimeoutError)) throw error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** If another file is at the path, compare with its rows. */
  #reopen(): void {
    const file = this.#connection.run(() => fileId(this.#context.profile.path));
    if (file === this.#file) return;
    this.#connection.close();
    this.#tables = new Tables(this.#connection, this.#context.profile);
    this.#file = file;
    this.#version = undefined;
  }

  async #compare(role: TailedRole, signal: AbortSignal): Promise<void> {
    const snapshot = this.#snapshots[role];
    const at = now();
    snapshot.begin();
    let after: RowKey | undefined;
    do {
      await nextTurn();
      if (signal.aborted) return;
      after = this.#comparePage(role, after, at);
    } while (after !== undefined);

    snapshot.removeUnseen((id, expires) => {
      this.#emit({ kind: 'deleted', role, key: Buffer.from(id, 'latin1'), was: expires / 1000 });
    });
  }

  /** Returns the last key; undefined if there are no more rows. */
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
        if (typeof row.expiration === 'number' && row.expiration > at) this.#compareRow(role, row);
      }

      return count < ROWS ? undefined : last;
    });
  }

  #compareRow(role: TailedRole, { storedKey: key, content, expiration }: Row): void {
    this.#nextExpiry = Math.min(this.#nextExpiry, expiration);
    const snapshot = this.#snapshots[role];
    const id = key.toString('latin1');
    const before = snapshot.expiryOf(id);
    const bytes = content ?? EMPTY;
    const hash = createHash('sha1').update(bytes).digest('base64');
    if (snapshot.update({ id, hash, expires: new Date(expiration * 1000) }) === 'same' || this.#isFirst) return;
    const was = before === undefined ? null : before / 1000;
    // Another owner: the lock was released, or had expired.
    if (role === 'locks' && was !== null) this.#emit({ kind: 'deleted', role, key, was });
    this.#emit({ kind: 'written', role, key, was, expiration, size: role === 'cache' ? bytes.length : null });
  }

  #emit(difference: Partial<Change> & Pick<Change, 'key' | 'kind' | 'role' | 'was'>): void {
    const rest = { seq: 0, row: 0, time: Date.now(), size: null, expiration: null, tags: null };
    this.#report(this.#decoder.ofChange({ ...rest, ...difference }));
  }
}

interface Row {
  readonly storedKey: Buffer;
  readonly content: Buffer | null;
  /** Any other type never counts as live. */
  readonly expiration: number;
}

const EMPTY = Buffer.alloc(0);

/** Polls find expired rows by themselves. */
function noExpiries(): undefined {
  // Nothing is recorded.
}
