import type { Ttl } from './entries.js';
import type { EventsOptions } from './events.js';

export interface LockHolder {
  readonly owner: string;
  /** Seconds left; null if the lock never expires; undefined if the store does not report it. */
  readonly ttl: Ttl | undefined;
  /** Milliseconds left, if the store is that precise: when another attempt is worthwhile. */
  readonly leftMs?: number;
}

/**
 * A lock by name. Not re-entrant: acquiring again with the same owner is refused by every driver. Laravel's database
 * lock would allow it, which lets two CI jobs with one owner share a lock.
 */
export interface Lock {
  /** Atomic, one attempt. */
  acquire(owner: string, ttl: Ttl): Promise<boolean>;
  /** Atomic. False if `owner` does not hold the lock (any more). */
  release(owner: string): Promise<boolean>;
  /** Release the lock regardless of its owner. False if it was free. */
  forceRelease(): Promise<boolean>;
  /** Replace the TTL, atomically. False if `owner` does not hold the lock. */
  refresh(owner: string, ttl: Ttl): Promise<boolean>;
  /** Undefined if the lock is free. */
  holder(): Promise<LockHolder | undefined>;
  /** The waiters that the store knows. Absent if waiting leaves no trace. */
  waiters?(): Promise<readonly Waiter[]>;
  /** Register a waiter after a refused attempt. Absent if the store sends no notifications. */
  startWaiting?(owner: string): Promise<Waiting>;
}

/**
 * How a lock was recognized:
 * - `place`: only locks are stored there.
 * - `family`: Laravel uses such names only for locks.
 * - `cachectl-owner`: the value is an owner token of cachectl.
 * - `laravel-owner`: the value is bare text in the format of Laravel's owners, which no entry of this cache has.
 * - `pattern`: the caller declared it a lock.
 */
export type DetectedBy = 'cachectl-owner' | 'family' | 'laravel-owner' | 'pattern' | 'place';

export interface ListedLock extends LockHolder {
  /** Without prefixes. */
  readonly name: string;
  readonly detectedBy: DetectedBy;
}

export interface ListLocksOptions {
  readonly signal?: AbortSignal;
  /** A glob: keys that match are locks, whatever they hold. Useful only if locks look like entries. */
  readonly pattern?: string;
}

/** A client that uses a lock, as far as the store knows. */
export interface LockClient {
  /** `host:port`. */
  readonly address?: string;
  /** The name that the client gave itself. */
  readonly name?: string;
}

/** A process that waits for a lock and is known to the store. */
export interface Waiter extends LockClient {
  /** The owner that would hold the lock. */
  readonly owner?: string;
  readonly since?: Date;
  readonly attempts?: number;
}

/** A registered waiter: others can see it, and it is notified when another attempt is worthwhile. */
export interface Waiting {
  /** The poll interval without notifications, in milliseconds. Short if notifications may be lost. */
  readonly longestPause: number;
  /** Set if the source of notifications is gone, so that registering again may help. */
  readonly isLost?: boolean;
  /**
   * Wait for a notification. True if the lock may have been released; false after `milliseconds` or an abort. Never
   * throws.
   */
  news(milliseconds: number, signal: AbortSignal): Promise<boolean>;
  /** Unregister. Never throws. */
  end(): Promise<void>;
}

export const LOCK_EVENT_TYPES = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'] as const;

/** `held`: the lock was held when the stream started. `contended`: someone tried to acquire the held lock. */
export type LockEventType = (typeof LOCK_EVENT_TYPES)[number];

export interface LockEvent {
  /** The server's time; if the source has none, the time of arrival. */
  readonly time: Date;
  readonly type: LockEventType;
  /** Without prefixes. */
  readonly name: string;
  /** The owner that holds the lock, held it, or (contended) tried to acquire it, if the store knows. */
  readonly owner?: string;
  /** In seconds, for held, acquired and refreshed. */
  readonly ttl?: Ttl;
  readonly client?: LockClient;
  /** For contended: the number of attempts that it stands for, if more than one. */
  readonly attempts?: number;
}

/** As for events: without `onMissed` a lost connection ends the stream with an error. */
export type WatchLocksOptions = Pick<EventsOptions, 'onLost' | 'onMissed' | 'signal'>;

/** An open stream. It starts with the locks that are `held`. */
export interface LockStream extends AsyncIterable<LockEvent> {
  /** Where the events come from, what the source cannot report, and its cost for the server, in one line for people. */
  readonly source: string;
  /** Why events may be missing, if that cannot be ruled out. */
  readonly warning?: string;
  readonly types: readonly LockEventType[];
}
