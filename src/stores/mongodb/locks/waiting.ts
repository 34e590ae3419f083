import type { Waiting } from '../../contract/locks.js';
import type { Connection } from '../connection.js';

import { Bell } from '../../locks/bell.js';
import { MAX_PAUSE } from '../../locks/wait.js';
import { later } from '../expiry.js';
import { LockListener } from './news.js';

/** The longest pause with a change stream, in milliseconds. The driver reopens the stream if its server is lost. */
const PAUSE_WITH_NEWS = 1000;

/** Learns of a release from a change stream. Without one, only polling finds it. */
export class MongodbWaiting implements Waiting {
  /** Whether it may hold a socket. */
  readonly listens: boolean;
  readonly #connection: Connection;
  readonly #id: string;
  readonly #listener: LockListener;
  readonly #bell = new Bell();
  #wasRemoved = false;
  #hasEnded = false;

  /** @param listens whether it may open a change stream */
  constructor(connection: Connection, id: string, listens: boolean) {
    this.#connection = connection;
    this.#id = id;
    this.listens = listens;
    this.#listener = new LockListener((news) => {
      if (news === 'removed') this.#wasRemoved = true;
      this.#bell.ring();
    });
    if (listens) this.#listener.listen(connection, id);
  }

  get isLost(): boolean {
    return !this.#hasEnded && this.#listener.isLost;
  }

  get longestPause(): number {
    return this.#listener.isUp ? PAUSE_WITH_NEWS : MAX_PAUSE;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const until = performance.now() + milliseconds;
    while (await this.#bell.rings(until - performance.now(), signal)) {
      const wasRemoved = this.#wasRemoved;
      this.#wasRemoved = false;
      if (wasRemoved || (await this.#isFree())) return true;
    }

    return false;
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#bell.close();
    await this.#listener.close();
  }

  async #isFree(): Promise<boolean> {
    try {
      return await this.#connection.run(async ({ locks, now }) => {
        const held = { _id: this.#id, expires_at: later(now()) };
        return (await locks.findOne(held, { projection: { _id: 1 } })) === null;
      });
    } catch {
      // The next attempt reports the error.
      return false;
    }
  }
}
