import type { LockEvent } from '../../contract/locks.js';
import type { Ttl } from '../../contract/store.js';
import type { MonitorLine } from './monitor.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { endGivenBy, type Stored, storedBy } from '../events/stored-by.js';

/** What a model makes of a line; who did it stands in the line. */
export type Heard = Omit<LockEvent, 'client'>;

interface Held {
  readonly owner: string;
  /** Unix time in milliseconds, by the server's clock; Infinity when it never expires. */
  readonly endsAt: number;
}

/**
 * By how much an end may seem to move though nothing happened: the time that MONITOR tells is not quite the one that a ttl
 * was counted from, least of all on a server that is short of processors.
 */
const SLACK_MS = 1000;

/**
 * One lock, as the commands that the server prints make it: they are carried out in that order, so whether a try succeeded
 * follows from what came before. What it cannot know (an eviction, a script's own idea of time) is set right by `compare`.
 */
export class LockModel {
  readonly #name: string;
  #held: Held | undefined;
  #hasBegun = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** When its ttl is over; Infinity when it is free, or never expires. */
  get endsAt(): number {
    return this.#held?.endsAt ?? Infinity;
  }

  /** A command that names this lock's key somewhere, or that is of all keys. Before the first `compare` nothing is told. */
  heard({ command, args, time }: MonitorLine, key: string, ownerOf: (held: Buffer) => string): Heard[] {
    if (!this.#hasBegun) return [];
    const isFirst = args[0] !== undefined && keyFromBytes(args[0]) === key;
    if (REMOVING.has(command) || (isFirst && REMOVING_THE_FIRST.has(command))) return this.#gone(time);
    if (!isFirst) return [];
    const words = args.map((arg) => arg.toString('latin1'));
    if (isConditional(command, words)) return [];
    const stored = storedBy(command, words, time);
    if (stored !== undefined) return this.#set(time, ownerOf(Buffer.from(stored.value, 'latin1')), stored);
    const endsAt = endGivenBy(command, Number(words[1]), time);
    return endsAt === undefined ? [] : this.#refreshed(time, endsAt);
  }

  /** What the server had at a time. */
  compare(time: number, has: { readonly owner: string; readonly left: number } | undefined): Heard[] {
    const held = has && { owner: has.owner, endsAt: time + has.left };
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

  #set(time: number, owner: string, { isNew, endsAt }: Stored): Heard[] {
    const events = this.#expired(time);
    // Refused, or gone at once.
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

  #refreshed(time: number, endsAt: number): Heard[] {
    const events = this.#expired(time);
    if (this.#held === undefined || Number.isNaN(endsAt)) return events;
    if (endsAt <= time) return this.#gone(time);
    this.#held = { owner: this.#held.owner, endsAt };
    return [this.#event('refreshed', time, this.#held)];
  }

  #gone(time: number): Heard[] {
    const events = this.#expired(time);
    const before = this.#held;
    this.#held = undefined;
    return before === undefined ? events : [...events, this.#end('released', time, before)];
  }

  /** When its ttl is over by now, that is what ended it. */
  #expired(time: number): Heard[] {
    const before = this.#held;
    if (before === undefined || before.endsAt > time) return [];
    this.#held = undefined;
    return [this.#end('expired', before.endsAt, before)];
  }

  #event(type: 'acquired' | 'held' | 'refreshed', time: number, { owner, endsAt }: Held): Heard {
    return { time: new Date(time), type, name: this.#name, owner, ttl: secondsUntil(endsAt, time) };
  }

  #end(type: 'expired' | 'released', time: number, { owner }: Held): Heard {
    return { time: new Date(time), type, name: this.#name, owner };
  }
}

/** Commands that remove every key that they name, or all there are. */
const REMOVING = new Set(['del', 'flushall', 'flushdb', 'unlink']);
const REMOVING_THE_FIRST = new Set(['getdel', 'rename']);

/** What SET and EXPIRE may depend on besides NX of SET: no lock of a cache needs it, and `compare` tells what came of it. */
const CONDITIONS_OF_SET = /^(xx|if\w+)$/i;
const CONDITIONS_OF_ENDS = /^(nx|xx|gt|lt)$/i;

function isConditional(command: string, words: readonly string[]): boolean {
  const conditions = command === 'set' ? CONDITIONS_OF_SET : CONDITIONS_OF_ENDS;
  const isOne = command === 'set' || command.includes('expire');
  return isOne && words.slice(2).some((word) => conditions.test(word));
}

/** At least one, as everywhere. */
function secondsUntil(endsAt: number, time: number): Ttl {
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
