import type { LockEvent } from '../../contract/locks.js';
import type { Ttl } from '../../contract/store.js';
import type { PrintedCommand } from '../events/printed-command.js';

import { endGivenBy, type Stored, storedBy } from '../events/stored-by.js';

/** An event without its client, which the caller adds. */
export type ModelEvent = Omit<LockEvent, 'client'>;

interface Held {
  readonly owner: string;
  /** The expiry by the server's clock, a Unix time in milliseconds; Infinity for never. */
  readonly endsAt: number;
}

/**
 * The tolerance for expiry times. The time that MONITOR prints differs slightly from the time when the TTL started,
 * especially on a server that is short of CPU.
 */
const SLACK_MS = 1000;

/**
 * Follows one lock through the commands that MONITOR prints. Commands run in that order, so the outcome of an attempt
 * follows from the commands before it. `compare` corrects what commands do not show, such as an eviction or the effect
 * of a script.
 */
export class LockModel {
  readonly #name: string;
  #held: Held | undefined;
  #hasBegun = false;
  #isSuspended = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** When the lock expires; Infinity if it is free or never expires. */
  get endsAt(): number {
    return this.#held?.endsAt ?? Infinity;
  }

  /**
   * Events of a command that names the lock's key or affects all keys; none before the first `compare`.
   * @param key as bytes (`latin1`)
   */
  apply(printed: PrintedCommand, key: string, ownerOf: (held: Buffer) => string): ModelEvent[] {
    if (!this.#hasBegun || this.#isSuspended) return [];
    const { command, args, timeMs: time } = printed;
    const isFirst = args[0] === key;
    if (REMOVING.has(command) || (isFirst && REMOVING_THE_FIRST.has(command))) return this.#gone(time);
    if (!isFirst) return [];
    if (isConditional(command, args)) return [];
    const stored = storedBy(command, args, time);
    if (stored !== undefined) return this.#set(time, ownerOf(Buffer.from(stored.value, 'latin1')), stored);
    const endsAt = endGivenBy(command, Number(args[1]), time);
    return endsAt === undefined ? [] : this.#refreshed(time, endsAt);
  }

  /** Ignore commands until the next `compare`, because some may have been missed. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Events that follow from the state of the server at a time. */
  compare(time: number, has: { readonly owner: string; readonly left: number } | undefined): ModelEvent[] {
    const held = has && { owner: has.owner, endsAt: time + has.left };
    this.#isSuspended = false;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#held = held;
      return held === undefined ? [] : [this.#event('held', time, held)];
    }

    const before = this.#held;
    if (before?.owner === held?.owner) {
      this.#held = held;
      const isRefreshed = before !== undefined && held !== undefined && held.endsAt > before.endsAt + SLACK_MS;
      return isRefreshed ? [this.#event('refreshed', time, held)] : [];
    }

    const events = this.#gone(time);
    this.#held = held;
    return held === undefined ? events : [...events, this.#event('acquired', time, held)];
  }

  #set(time: number, owner: string, { isNew, endsAt }: Stored): ModelEvent[] {
    const events = this.#expired(time);
    // The server refuses the TTL or removes the key at once.
    if (endsAt <= time) return events;
    const before = this.#held;
    const now = { owner, endsAt: Number.isNaN(endsAt) ? this.endsAt : endsAt };
    if (before === undefined) {
      this.#held = now;
      return [...events, this.#event('acquired', time, now)];
    }

    if (isNew) return [...events, { time: new Date(time), type: 'contended', name: this.#name, owner }];
    this.#held = now;
    if (before.owner === owner) return [this.#event('refreshed', time, now)];
    return [this.#end('released', time, before), this.#event('acquired', time, now)];
  }

  #refreshed(time: number, endsAt: number): ModelEvent[] {
    const events = this.#expired(time);
    if (this.#held === undefined || Number.isNaN(endsAt)) return events;
    if (endsAt <= time) return this.#gone(time);
    this.#held = { owner: this.#held.owner, endsAt };
    return [this.#event('refreshed', time, this.#held)];
  }

  #gone(time: number): ModelEvent[] {
    const events = this.#expired(time);
    const before = this.#held;
    this.#held = undefined;
    return before === undefined ? events : [...events, this.#end('released', time, before)];
  }

  /** A lock whose TTL has ended expired before the command. */
  #expired(time: number): ModelEvent[] {
    const before = this.#held;
    if (before === undefined || before.endsAt > time) return [];
    this.#held = undefined;
    return [this.#end('expired', before.endsAt, before)];
  }

  #event(type: 'acquired' | 'held' | 'refreshed', time: number, { owner, endsAt }: Held): ModelEvent {
    return { time: new Date(time), type, name: this.#name, owner, ttl: secondsUntil(endsAt, time) };
  }

  #end(type: 'expired' | 'released', time: number, { owner }: Held): ModelEvent {
    return { time: new Date(time), type, name: this.#name, owner };
  }
}

/** Commands that remove every key they name, or all keys. */
const REMOVING = new Set(['del', 'flushall', 'flushdb', 'unlink']);
const REMOVING_THE_FIRST = new Set(['getdel', 'rename']);

/**
 * Conditions of SET (besides NX) and of EXPIRE. No cache acquires locks with them, so `compare` finds their outcome.
 */
const SET_CONDITIONS = /^(xx|if\w+)$/i;
const EXPIRE_CONDITIONS = /^(nx|xx|gt|lt)$/i;

function isConditional(command: string, words: readonly string[]): boolean {
  const conditions = command === 'set' ? SET_CONDITIONS : EXPIRE_CONDITIONS;
  const isOne = command === 'set' || command.includes('expire');
  return isOne && words.slice(2).some((word) => conditions.test(word));
}

/** At least 1, as in listings. */
function secondsUntil(endsAt: number, time: number): Ttl {
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
