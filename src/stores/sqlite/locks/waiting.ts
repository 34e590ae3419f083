import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Waiting } from '../../contract/locks.js';
import type { SqliteContext } from '../context.js';

import { TimeoutError } from '../../../errors.js';
import { ownProcess } from '../../locks/process.js';
import { now } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { bound } from '../listing/row-keys.js';
import { Tables } from '../tables.js';
import { LEASE_S, removeWaiter, type WaiterRow, writeWaiter } from './waiters.js';

/** How often the file is asked whether it changed, in milliseconds; a question costs some microseconds. */
const POLL_MS = 4;

/** The same of a wait that has become a long one, with as much again by chance. */
const LATER_POLL_MS = 10;
const LONG_WAIT_MS = 10_000;

const RENEW_MS = (LEASE_S * 1000) / 4;

/** When to try again what another process's writing kept from being written, in milliseconds. */
const RETRY_MS = 100;

/** How long leaving may take while another process writes, in milliseconds; the lease says the rest. */
const LEAVE_MS = 250;

/**
 * A waiter's place, on a connection of its own: SQLite's `data_version` counts what others write, and this one never blocks
 * the process, since it does not wait for a file that is locked. Where it cannot be written down, it waits unseen.
 */
export class SqliteWaiting implements Waiting {
  /** News is sure on one machine; of a file on a network the change may be seen late. */
  readonly longestPause = 1000;
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #left: (waiting: SqliteWaiting) => void;
  readonly #began = performance.now();
  readonly #row: WaiterRow;
  /** It tried before it began to wait. */
  #attempts = 1;
  #isWritten = false;
  #renewal: NodeJS.Timeout | undefined;
  /** The version of the file that was looked at last. */
  #version: number | undefined;
  #ended: Promise<void> | undefined;

  /** Never throws. `left` is called when it has ended. */
  constructor({ profile }: SqliteContext, key: string, owner: string, left: (waiting: SqliteWaiting) => void) {
    this.#connection = new Connection(profile.path, 0);
    this.#tables = new Tables(this.#connection, profile);
    this.#left = left;
    const { lockTable } = profile;
    this.#row = { token: randomUUID(), lockTable, key, owner, ...ownProcess(), since: Date.now(), attempts: 1 };
    this.#write();
  }

  /** Notes an attempt, when it was of this waiter. */
  tried(key: string, owner: string): void {
    if (key === this.#row.key && owner === this.#row.owner) this.#attempts++;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isFree()) return true;
    const until = performance.now() + milliseconds;
    // Hundreds of looks a second: a timer costs half of what a promise for each of them would.
    return new Promise((resolve) => {
      const over = (isNews: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve(isNews);
      };

      const stop = (): void => over(false);
      const look = (): void => {
        if (this.#isFree()) return over(true);
        if (this.#isOver(until, signal)) return over(false);
        // A look may take a while. Node 24 warns of a negative pause.
        timer = setTimeout(look, Math.max(0, Math.min(this.#pollMs(), until - performance.now())));
      };

      let timer = setTimeout(look, 0);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  #isOver(until: number, signal: AbortSignal): boolean {
    return signal.aborted || this.#ended !== undefined || performance.now() >= until;
  }

  #pollMs(): number {
    if (performance.now() - this.#began < LONG_WAIT_MS) return POLL_MS;
    return LATER_POLL_MS * (1 + Math.random());
  }

  /** Whether it is, as far as a change of the file gives reason to look. */
  #isFree(): boolean {
    if (this.#ended !== undefined) return false;
    try {
      if (!this.#connection.exists()) return true;
      const version = this.#connection.dataVersion();
      if (version === this.#version) return false;
      const isFree = this.#connection.run(() => !this.#isHeld());
      this.#version = version;
      return isFree;
    } catch {
      // Busy: the next look is soon. Anything else meets whoever tries to get the lock, and is told there.
      return false;
    }
  }

  #isHeld(): boolean {
    if (!this.#tables.has('locks')) return false;
    const held = this.#connection
      .statement(`SELECT 1 FROM ${this.#tables.locks} WHERE key = CAST(? AS TEXT) AND expiration > ?`)
      .get(bound(this.#row.key), now());
    return held !== undefined;
  }

  /** Now, and again before the lease is over. */
  #write(): void {
    let next = RENEW_MS;
    try {
      // Writing would make a file.
      if (!this.#connection.exists()) return;
      this.#connection.write(() => writeWaiter(this.#connection, { ...this.#row, attempts: this.#attempts }));
      this.#isWritten = true;
    } catch (error) {
      if (!(error instanceof TimeoutError)) return;
      next = RETRY_MS * (0.5 + Math.random());
    }

    this.#renewal = setTimeout(() => this.#write(), next);
    this.#renewal.unref();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#renewal);
    const until = performance.now() + LEAVE_MS;
    while (this.#isWritten && !this.#removed() && performance.now() < until) await sleep(5 + 10 * Math.random());
    try {
      this.#connection.close();
    } catch {
      // It is of no use any more.
    }

    this.#left(this);
  }

  /** False when another process was writing. */
  #removed(): boolean {
    try {
      this.#connection.write(() => removeWaiter(this.#connection, this.#row.token));
      return true;
    } catch (error) {
      return !(error instanceof TimeoutError);
    }
  }
}
