import { setTimeout as sleep } from 'node:timers/promises';

import type { CacheEvent, EventsOptions, EventStream, EventType } from '../event-contract.js';
import type { Room } from './entries.js';

import { PartialError, TimeoutError } from '../../errors.js';
import { Connection } from './connection.js';
import { type Expired, Expiries } from './expiries.js';
import { ttlOf } from './expiry.js';
import { Tables } from './tables.js';
import {
  type Change,
  createTail,
  dropTail,
  hasChanges,
  isListening,
  LEASE_S,
  renewLease,
  takeChanges,
} from './tail-tables.js';

export const EVENTS: readonly EventType[] = ['KeyWritten', 'KeyForgotten', 'KeyExpired'];

/** How often the file is asked whether it changed, in milliseconds; a question costs some microseconds. */
const POLL_MS = 25;

/** How long one look may block this process while another writes; the next look comes soon. */
const LOOK_MS = 100;

/** Rows of one look, so that memory is bounded; the rest waits in the file. */
const ROWS = 1000;

const RENEW_MS = (LEASE_S * 1000) / 6;

/**
 * Needs no setting of a server, so it does not look at `enable`: triggers are in the file while the stream lives, and
 * nothing is after. Makes file and table when there are none.
 */
export async function tail(room: Room, { signal }: EventsOptions): Promise<Tail> {
  signal.throwIfAborted();
  return new Tail(room, signal);
}

/**
 * What any process does to the cache table, as triggers in the file note it. The tail reads on a connection of its
 * own, since SQLite's `data_version` does not count a connection's own changes.
 */
export class Tail implements EventStream {
  readonly source: string;
  readonly types = EVENTS;
  readonly #signal: AbortSignal;
  readonly #path: string;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #connection: Connection;
  readonly #expiries: Expiries;
  readonly #id: number;
  readonly #renewal: NodeJS.Timeout;
  #version: number | undefined;
  #stopped = false;
  #failure: Error | undefined;

  /** Makes the cache table when there is none, since triggers need one. */
  constructor({ profile, prefix, timeoutMs }: Room, signal: AbortSignal) {
    this.source = `triggers in ${profile.path}: writes, deletions and expiries of every process; SQLite does not tell reads`;
    this.#signal = signal;
    this.#path = profile.path;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#connection = new Connection(profile.path, timeoutMs);
    const tables = new Tables(this.#connection, profile);
    this.#expiries = new Expiries(this.#connection, tables, prefix);
    try {
      this.#id = this.#connection.write(() => {
        tables.create('cache');
        return createTail(this.#connection, tables.cache, prefix);
      });
      this.#connection.waitForLocks(LOOK_MS);
    } catch (error) {
      this.#connection.close();
      throw error;
    }

    this.#renewal = setInterval(() => this.#renew(), RENEW_MS);
    this.#renewal.unref();
    // SQLite is synchronous: when the signal's listeners have run, nothing of this tail is in the file.
    signal.addEventListener('abort', this.stop, { once: true });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      while (!this.#stopped) {
        const events = this.#look();
        for (const event of events) {
          yield event;
          if (this.#stopped) break;
        }

        await pause(events.length > 0 ? 0 : POLL_MS, this.#signal);
      }
    } finally {
      this.stop();
    }

    if (this.#failure) throw this.#failure;
  }

  /** Takes everything out of the file. What goes wrong here is thrown by the iteration. */
  readonly stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#renewal);
    this.#signal.removeEventListener('abort', this.stop);
    try {
      this.#connection.waitForLocks(this.#timeoutMs);
      this.#connection.write(() => dropTail(this.#connection, this.#id));
    } catch (error) {
      this.#failure ??= error as Error;
    } finally {
      this.#connection.close();
    }
  };

  #look(): CacheEvent[] {
    try {
      return this.#unlessBusy();
    } catch (error) {
      // Another process is writing; the lease says for how long that may be waited out.
      if (error instanceof TimeoutError) return [];
      throw error;
    }
  }

  #unlessBusy(): CacheEvent[] {
    const version = this.#connection.dataVersion();
    if (version === this.#version && !this.#expiries.areDue()) return [];
    const untouched = this.#connection.read(() => {
      if (!isListening(this.#connection, this.#id)) throw this.#missed();
      return hasChanges(this.#connection, this.#id) ? undefined : this.#expiries.search(ROWS);
    });
    if (!untouched) return this.#take();
    this.#version = version;
    return this.#told(untouched);
  }

  #missed(): PartialError {
    return new PartialError(
      `events of ${this.#path} were missed: this process was stopped for too long, or the table was dropped`,
      'Start it again.',
    );
  }

  #take(): CacheEvent[] {
    const { changes, untouched } = this.#connection.write(() => {
      const taken = takeChanges(this.#connection, this.#id, ROWS);
      // Only when all changes up to now are known can a row be said to have expired untouched.
      return { changes: taken, untouched: taken.length < ROWS ? this.#expiries.search(ROWS) : undefined };
    });
    const events = changes.flatMap((change) => this.#eventsOf(change));
    if (untouched) events.push(...this.#told(untouched));
    return events.sort((a, b) => a.time.getTime() - b.time.getTime());
  }

  #told({ rows, upTo }: Expired): CacheEvent[] {
    this.#expiries.reached(upTo);
    return rows.map(({ key, expiration }) => this.#event('KeyExpired', key, expiration * 1000));
  }

  #eventsOf({ kind, key, row, time, size, expiration, was }: Change): CacheEvent[] {
    const events: CacheEvent[] = [];
    const at = Math.floor(time / 1000);
    const wasTold = was !== null && this.#expiries.told(was, row);
    if (was !== null && was <= at && !wasTold) events.push(this.#event('KeyExpired', key, was * 1000));
    if (kind === 'deleted' && was !== null && was > at && !wasTold) {
      events.push(this.#event('KeyForgotten', key, time));
    }

    if (kind === 'written' && expiration !== null && size !== null) {
      const ttl = ttlOf(Math.max(expiration, at), at);
      events.push({ ...this.#event('KeyWritten', key, time), ttl, size });
      // Written with a time that is over, as far as has been told already.
      if (this.#expiries.told(expiration, row)) events.push(this.#event('KeyExpired', key, time));
    }

    return events;
  }

  #event(type: EventType, key: Buffer, time: number): CacheEvent {
    const prefixLength = Buffer.byteLength(this.#prefix);
    return { time: new Date(time), type, key: key.subarray(prefixLength).toString() };
  }

  #renew(): void {
    try {
      this.#connection.write(() => renewLease(this.#connection, this.#id));
    } catch (error) {
      // Busy: there is time for more attempts before the lease lapses.
      if (error instanceof TimeoutError) return;
      this.#failure = error as Error;
      this.stop();
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    // Aborted: the caller looks whether it has been stopped.
  });
}
