import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Waiter, Waiting } from '../contract/locks.js';

import { isPassing, RefusedError, TimeoutError } from '../../errors.js';
import { mayRun, ownProcess, processName, type ProcessPlace } from './process.js';

/**
 * Waiters of stores that cannot list their clients: each waiter keeps a record with a lease in the store. The driver
 * states how to write and remove a record, and how to learn of a release.
 */

/** The lease of a record, in seconds. Longer than most transactions of other clients. */
export const LEASE_S = 20;
const RENEW_MS = (LEASE_S * 1000) / 4;

/** The pause after a write that timed out, in milliseconds, plus or minus half of it at random. */
const RETRY_MS = 100;

/** How long to try to remove a record, in milliseconds. After that, its lease ends by itself. */
const LEAVE_MS = 250;

export interface WaitsFor {
  /** The table or collection of the lock. */
  readonly table: string;
  /** The name of the lock in the table, with the prefix. */
  readonly lock: string;
}

/** The record of a waiter. It counts until its lease ends or its process does. */
export interface WaiterRecord extends ProcessPlace, WaitsFor {
  /** Random. */
  readonly token: string;
  readonly owner: string;
  readonly since: Date;
  readonly attempts: number;
}

/** A driver's statements about records. Each starts a lease of LEASE_S by the clock of the store. */
export interface WaiterRecords {
  /**
   * Write the record, and remove stale ones: those whose lease or process has ended, and any other of the same
   * process, lock and owner, which a lost connection left behind.
   */
  join(record: WaiterRecord): Promise<void>;
  /** Write the attempts and a new lease. The record may be gone. */
  renew(record: WaiterRecord): Promise<void>;
  /** Remove the record, if it exists. */
  leave(token: string): Promise<void>;
}

/** What a driver reads back. Other programs can write there too: invalid fields are left out. */
export type StoredWaiter = ProcessPlace & Readonly<Record<'attempts' | 'owner' | 'since', unknown>>;

/** Waiters from records with a live lease. Omits those whose process has ended. */
export function waitersOf(stored: readonly StoredWaiter[]): readonly Waiter[] {
  return stored
    .filter((record) => mayRun(record))
    .map((record) => {
      const { owner, since, attempts } = record;
      return {
        name: processName(record),
        ...(typeof owner === 'string' && { owner }),
        ...(since instanceof Date && !Number.isNaN(since.getTime()) && { since }),
        ...(typeof attempts === 'number' && { attempts }),
      };
    });
}

/** A wait to begin. */
export interface NewWait<Listener extends Waiting> extends WaitsFor {
  readonly owner: string;
  /** The driver's part of a wait: it learns of a release. It ends after the record was removed. */
  readonly listener: Listener;
  readonly records: WaiterRecords;
}

/** The waits of one store. */
export class OpenWaits<Listener extends Waiting = Waiting> {
  readonly #open = new Set<RecordedWait<Listener>>();

  get listeners(): readonly Listener[] {
    return [...this.#open].map(({ listener }) => listener);
  }

  /** Never throws: a wait that cannot be recorded stays invisible. */
  start(wait: NewWait<Listener>): Waiting {
    const started = new RecordedWait(wait, () => this.#open.delete(started));
    this.#open.add(started);
    return started;
  }

  /** Count an attempt to acquire a lock. */
  tried(lock: string, owner: string): void {
    for (const wait of this.#open) wait.tried(lock, owner);
  }

  /** Never throws. */
  async end(): Promise<void> {
    await Promise.all([...this.#open].map(async (wait) => wait.end()));
  }
}

class RecordedWait<Listener extends Waiting> implements Waiting {
  readonly listener: Listener;
  readonly #records: WaiterRecords;
  readonly #record: WaiterRecord;
  readonly #onEnd: () => void;
  /** The first attempt was before the wait. */
  #attempts = 1;
  #hasJoined = false;
  #isRefused = false;
  #writing: Promise<void>;
  #renewal: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  constructor({ listener, records, table, lock, owner }: NewWait<Listener>, onEnd: () => void) {
    this.listener = listener;
    this.#records = records;
    this.#record = { token: randomUUID(), table, lock, owner, ...ownProcess(), since: new Date(), attempts: 1 };
    this.#onEnd = onEnd;
    this.#writing = this.#write();
  }

  get longestPause(): number {
    return this.listener.longestPause;
  }

  get isLost(): boolean {
    return this.listener.isLost === true;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    return this.listener.news(milliseconds, signal);
  }

  tried(lock: string, owner: string): void {
    if (lock === this.#record.lock && owner === this.#record.owner) this.#attempts++;
  }

  async end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Now, and again before the lease ends. Never throws. */
  async #write(): Promise<void> {
    let next = RENEW_MS;
    try {
      const record = { ...this.#record, attempts: this.#attempts };
      await (this.#hasJoined ? this.#records.renew(record) : this.#records.join(record));
      this.#hasJoined = true;
    } catch (error) {
      this.#isRefused = error instanceof RefusedError && !isPassing(error);
      if (error instanceof TimeoutError) next = RETRY_MS * (0.5 + Math.random());
    }

    if (this.#isRefused || this.#ended !== undefined) return;
    this.#renewal = setTimeout(() => {
      this.#writing = this.#write();
    }, next);
    this.#renewal.unref();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#renewal);
    // A write that completes after the removal would leave the record behind.
    await this.#writing;
    const until = performance.now() + LEAVE_MS;
    while (!this.#isRefused && !(await this.#hasLeft()) && performance.now() < until) {
      await sleep(5 + 10 * Math.random());
    }

    await this.listener.end();
    this.#onEnd();
  }

  /** False if it timed out. After any other error, the lease has to end by itself. */
  async #hasLeft(): Promise<boolean> {
    try {
      await this.#records.leave(this.#record.token);
      return true;
    } catch (error) {
      return !(error instanceof TimeoutError);
    }
  }
}
