import type { Ttl } from './entries.js';
import type { EventsOptions } from './events.js';

export interface LockHolder {
  readonly owner: string;
  /** Seconds left; null when the lock never expires; undefined where the store does not tell. */
  readonly ttl: Ttl | undefined;
  /** The same in milliseconds, where the store counts so finely: when trying to get it is worth it. */
  readonly leftMs?: number;
}

/**
 * A lock by name. Not re-entrant: acquiring again with the same owner is refused, on every driver
 * (Laravel's database lock would let it in, which lets two CI jobs of one name share a lock).
 */
export interface Lock {
  /** Atomic; one attempt. */
  acquire(owner: string, ttl: Ttl): Promise<boolean>;
  /** Atomic; false when `owner` does not hold it (any more). */
  release(owner: string): Promise<boolean>;
  /** Whoever holds it. False when nobody did. */
  forceRelease(): Promise<boolean>;
  /** Replace the TTL, atomically. False if `owner` does not hold the lock. */
  refresh(owner: string, ttl: Ttl): Promise<boolean>;
  /** Undefined when it is free. */
  holder(): Promise<LockHolder | undefined>;
  /** Those who wait, as far as the store knows them. Left out where waiting leaves no trace. */
  waiters?(): Promise<readonly Waiter[]>;
  /** For an owner that did not get it and is going to try again. Left out where there is no news to wait for. */
  startWaiting?(owner: string): Promise<Waiting>;
}

/**
 * How a lock was told to be one:
 * - `place`: nothing but locks lies there.
 * - `family`: Laravel gives such names to locks only.
 * - `cachectl-owner`: its value is an owner that cachectl made.
 * - `laravel-owner`: its value is bare text of the form that Laravel makes up for owners, which no entry of this cache has.
 * - `pattern`: whoever asked says so.
 */
export type ToldBy = 'cachectl-owner' | 'family' | 'laravel-owner' | 'pattern' | 'place';

/** A lock of a listing. */
export interface ListedLock extends LockHolder {
  /** Without prefixes. */
  readonly name: string;
  readonly toldBy: ToldBy;
}

export interface ListLocksOptions {
  readonly signal?: AbortSignal;
  /** A glob: what bears such a name is a lock, whatever it holds. Of use only where locks look like entries. */
  readonly pattern?: string;
}

/** Who tried to get a lock, as far as the store tells. */
export interface LockClient {
  /** `host:port`. */
  readonly address?: string;
  /** What the client calls itself. */
  readonly name?: string;
}

/** Somebody who waits for a lock, and whom the store knows to wait. */
export interface Waiter extends LockClient {
  /** By whom the lock would be held. */
  readonly owner?: string;
  readonly since?: Date;
  /** How often it tried. */
  readonly attempts?: number;
}

/** A waiter's place: others see it there, and it hears there that trying again is worth it. */
export interface Waiting {
  /** How long to be without news before trying all the same, in milliseconds: short where news may fail to come. */
  readonly longestPause: number;
  /** Set when what it heard news from is gone, and a new place may hear again. */
  readonly isLost?: boolean;
  /** True when the lock may have been let go; false when the time (milliseconds) is over, or the signal came. Never throws. */
  news(milliseconds: number, signal: AbortSignal): Promise<boolean>;
  /** Leaves nothing behind. Never throws. */
  end(): Promise<void>;
}

export const LOCK_EVENT_TYPES = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'] as const;

/** `held`: somebody had it when the stream began. `contended`: somebody tried, and did not get it. */
export type LockEventType = (typeof LOCK_EVENT_TYPES)[number];

export interface LockEvent {
  /** When the server said so; where it does not date what it tells, when we heard. */
  readonly time: Date;
  readonly type: LockEventType;
  /** Without prefixes. */
  readonly name: string;
  /** Who holds it, held it, or (contended) would have; where the store tells. */
  readonly owner?: string;
  /** Seconds; of held, acquired and refreshed. */
  readonly ttl?: Ttl;
  readonly client?: LockClient;
  /** Of contended: for how many tries it stands, where that is more than one. */
  readonly attempts?: number;
}

/** As for events: without `onMissed` a lost connection ends the stream with an error. */
export type WatchLocksOptions = Pick<EventsOptions, 'onLost' | 'onMissed' | 'signal'>;

/** A stream that is up. It begins with what is `held` already. */
export interface LockStream extends AsyncIterable<LockEvent> {
  /** Where it comes from, what it cannot tell, and what it costs the server, in one line for people. */
  readonly source: string;
  /** Why something may fail to be told, where that cannot be ruled out. */
  readonly warning?: string;
  readonly types: readonly LockEventType[];
}
