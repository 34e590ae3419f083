import type { Waiting } from '../../contract/locks.js';
import type { WaiterRecord, WaiterRecords } from '../../locks/waiters.js';
import type { SqliteContext } from '../context.js';

import { now } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { bound } from '../listing/row-keys.js';
import { Tables } from '../tables.js';
import { removeWaiter, writeWaiter } from './waiters.js';

/** The poll interval, in milliseconds. A poll takes some microseconds. */
const POLL_MS = 4;

/** The poll interval of a long wait, plus as much again at random. */
const LATER_POLL_MS = 10;
const LONG_WAIT_MS = 10_000;

/**
 * Polls SQLite's `data_version`, which counts the changes of other connections. It has a connection of its own that does
 * not wait for a locked file, so that it never blocks the process.
 */
export class SqliteWaiting implements Waiting {
  /** Changes are seen at once on one machine, and may be seen late on a network file system. */
  readonly longestPause = 1000;
  readonly connection: Connection;
  readonly #tables: Tables;
  readonly #key: string;
  readonly #began = performance.now();
  #hasEnded = false;
  /** The version of the file at the last look. */
  #version: number | undefined;

  /** @param key with the prefix */
  constructor({ profile }: SqliteContext, key: string) {
    this.connection = new Connection(profile.path, 0);
    this.#tables = new Tables(this.connection, profile);
    this.#key = key;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isFree()) return true;
    const until = performance.now() + milliseconds;
    // At hundreds of polls a second, a timer costs half as much as a promise.
    return new Promise((resolve) => {
      const over = (isNews: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve(isNews);
      };

      const stop = (): void => over(false);
      const look = (): void => {
        if (this.#isFree()) return over(true);
        if (signal.aborted || this.#hasEnded || performance.now() >= until) return over(false);
        // A look may take a while, and Node 24 warns of a negative pause.
        timer = setTimeout(look, Math.max(0, Math.min(this.#pollMs(), until - performance.now())));
      };

      let timer = setTimeout(look, 0);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    try {
      this.connection.close();
    } catch {
      // Nobody uses it any more.
    }
  }

  #pollMs(): number {
    if (performance.now() - this.#began < LONG_WAIT_MS) return POLL_MS;
    return LATER_POLL_MS * (1 + Math.random());
  }

  /** Reads the lock only if the file has changed. */
  #isFree(): boolean {
    if (this.#hasEnded) return false;
    try {
      if (!this.connection.exists()) return true;
      const version = this.connection.dataVersion();
      if (version === this.#version) return false;
      const isFree = this.connection.run(() => !this.#isHeld());
      this.#version = version;
      return isFree;
    } catch {
      // Busy: the next poll is soon. Any other error also fails the next attempt, which reports it.
      return false;
    }
  }

  #isHeld(): boolean {
    if (!this.#tables.has('locks')) return false;
    const held = this.connection
      .statement(`SELECT 1 FROM ${this.#tables.locks} WHERE key = CAST(? AS TEXT) AND expiration > ?`)
      .get(bound(this.#key), now());
    return held !== undefined;
  }
}

/** The rows of waiters, written through a waiter's own connection. */
export function waiterRecords(connection: Connection): WaiterRecords {
  const write = async (record: WaiterRecord): Promise<void> => {
    // A write would create the file.
    if (connection.exists()) connection.write(() => writeWaiter(connection, record));
  };

  return {
    join: write,
    renew: write,
    async leave(token) {
      if (connection.exists()) connection.write(() => removeWaiter(connection, token));
    },
  };
}
