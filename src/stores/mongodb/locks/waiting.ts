import { randomUUID } from 'node:crypto';

import type { Waiting } from '../../contract/locks.js';
import type { Connection } from '../connection.js';
import type { WaiterDocument } from '../deployment.js';

import { RefusedError } from '../../../errors.js';
import { ownProcess } from '../../locks/process.js';
import { LONGEST_PAUSE } from '../../locks/wait.js';
import { later } from '../expiry.js';
import { LockListener, type LockNews } from './news.js';
import { LEASE_S, removeStaleWaiters, removeWaiter, writeWaiter } from './waiters.js';

const RENEW_MS = (LEASE_S * 1000) / 4;

/** In milliseconds, where a change stream is up: the driver opens it anew by itself when its server is lost. */
const PAUSE_WITH_NEWS = 1000;

/** What a place is for. */
export interface WaitingFor {
  readonly id: string;
  readonly owner: string;
  /** Whether a change stream may be opened for it. */
  readonly listens: boolean;
}

/**
 * A waiter's place. What cannot be had is done without: a server without change streams, a user who may not write to the
 * collection of those who wait.
 */
export class MongodbWaiting implements Waiting {
  /** Whether it holds a socket. */
  readonly listens: boolean;
  readonly #connection: Connection;
  readonly #left: (waiting: MongodbWaiting) => void;
  readonly #listener: LockListener;
  readonly #document: Omit<WaiterDocument, 'expires_at'>;
  /** It tried before it began to wait. */
  #attempts = 1;
  #writing: Promise<void>;
  #renewal: NodeJS.Timeout | undefined;
  #news: LockNews | undefined;
  #wake: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  /** `left` is called when it has ended. */
  constructor(connection: Connection, { id, owner, listens }: WaitingFor, left: (waiting: MongodbWaiting) => void) {
    this.#connection = connection;
    this.listens = listens;
    this.#left = left;
    const collection = connection.profile.lockCollection;
    const since = new Date();
    this.#document = { _id: randomUUID(), collection, lock: id, owner, ...ownProcess(), since, attempts: 1 };
    this.#listener = new LockListener((news) => this.#heard(news));
    if (listens) this.#listener.listen(connection, id);
    this.#writing = this.#begin();
  }

  get isLost(): boolean {
    return this.#ended === undefined && this.#listener.isLost;
  }

  get longestPause(): number {
    return this.#listener.isUp ? PAUSE_WITH_NEWS : LONGEST_PAUSE;
  }

  /** Notes an attempt, when it was of this waiter. */
  tried(id: string, owner: string): void {
    if (id === this.#document.lock && owner === this.#document.owner) this.#attempts++;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const until = performance.now() + milliseconds;
    while (!signal.aborted && this.#ended === undefined) {
      const news = this.#news;
      this.#news = undefined;
      if (news === 'removed') return true;
      if (news !== undefined) {
        if (await this.#isFree()) return true;
        continue;
      }

      const left = until - performance.now();
      if (left <= 0) return false;
      await this.#sleep(left, signal);
    }

    return false;
  }

  async end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  #heard(news: LockNews): void {
    if (this.#news !== 'removed') this.#news = news;
    this.#wake?.();
  }

  /** Until something is heard, the time is over, or the signal comes. */
  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };

      const timer = setTimeout(wake, milliseconds);
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }

  async #isFree(): Promise<boolean> {
    try {
      return await this.#connection.run(async ({ locks, now }) => {
        const held = { _id: this.#document.lock, expires_at: later(now()) };
        return (await locks.findOne(held, { projection: { _id: 1 } })) === null;
      });
    } catch {
      // The next try tells what is wrong.
      return false;
    }
  }

  /** Never throws. */
  async #begin(): Promise<void> {
    await this.#write();
    try {
      await this.#connection.run(async (deployment) => removeStaleWaiters(deployment, this.#document));
    } catch {
      // Whoever waits next does it, then.
    }
  }

  /** Now, and again before the lease is over. Never throws. */
  async #write(): Promise<void> {
    try {
      const document = { ...this.#document, attempts: this.#attempts };
      await this.#connection.run(async (deployment) => writeWaiter(deployment, document));
    } catch (error) {
      // It may not: it waits unseen.
      if (error instanceof RefusedError) return;
    }

    if (this.#ended !== undefined) return;
    this.#renewal = setTimeout(() => {
      this.#writing = this.#write();
    }, RENEW_MS);
    this.#renewal.unref();
  }

  async #end(): Promise<void> {
    this.#wake?.();
    clearTimeout(this.#renewal);
    await Promise.all([this.#listener.close(), this.#remove()]);
    this.#left(this);
  }

  async #remove(): Promise<void> {
    // It must not be written after it was removed.
    await this.#writing;
    try {
      await this.#connection.run(async (deployment) => removeWaiter(deployment, this.#document._id));
    } catch {
      // The lease says the rest.
    }
  }
}
