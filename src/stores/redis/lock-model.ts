import type { Ttl } from '../contract.js';
import type { LockEvent } from '../lock-contract.js';
import type { MonitorLine } from './monitor.js';

/** What a model makes of a line; who did it stands in the line. */
export type Heard = Omit<LockEvent, 'client'>;

interface Held {
  readonly owner: string;
  /** Unix time in milliseconds, by the server's clock; Infinity when it never expires. */
  readonly endsAt: number;
}

/** By how much an end may seem to move though nothing happened: MONITOR tells the time before a command is carried out. */
const SLACK_MS = 50;

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
    const isFirst = args[0]?.toString() === key;
    switch (command) {
      case 'set': {
        return isFirst ? this.#set(time, ownerOf(args[1] ?? EMPTY), setOptions(args.slice(2), time)) : [];
      }

      case 'setnx': {
        return isFirst ? this.#set(time, ownerOf(args[1] ?? EMPTY), { isNew: true, endsAt: Infinity }) : [];
      }

      case 'psetex':
      case 'setex': {
        const unit = command === 'setex' ? 1000 : 1;
        const endsAt = time + Number(args[1]) * unit;
        return isFirst ? this.#set(time, ownerOf(args[2] ?? EMPTY), { isNew: false, endsAt }) : [];
      }

      case 'expire':
      case 'expireat':
      case 'persist':
      case 'pexpire':
      case 'pexpireat': {
        return isFirst ? this.#refreshed(time, endOf(command, Number(args[1]), time)) : [];
      }

      case 'del':
      case 'unlink': {
        return this.#gone(time);
      }

      case 'flushall':
      case 'flushdb': {
        return this.#gone(time);
      }

      case 'getdel':
      case 'rename': {
        return isFirst ? this.#gone(time) : [];
      }

      default: {
        return [];
      }
    }
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

  #set(time: number, owner: string, { isNew, endsAt }: SetOptions): Heard[] {
    const events = this.#expired(time);
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

const EMPTY = Buffer.alloc(0);

interface SetOptions {
  /** NX: only when nobody holds it. */
  readonly isNew: boolean;
  /** NaN keeps what it is. */
  readonly endsAt: number;
}

/** What stands behind SET's key and value, in any order. */
function setOptions(words: readonly Buffer[], time: number): SetOptions {
  const options = words.map((word) => word.toString().toLowerCase());
  const valueOf = (name: string): number => Number(options[options.indexOf(name) + 1]);
  const isNew = options.includes('nx');
  if (options.includes('keepttl')) return { isNew, endsAt: Number.NaN };
  if (options.includes('ex')) return { isNew, endsAt: time + valueOf('ex') * 1000 };
  if (options.includes('px')) return { isNew, endsAt: time + valueOf('px') };
  if (options.includes('exat')) return { isNew, endsAt: valueOf('exat') * 1000 };
  return { isNew, endsAt: options.includes('pxat') ? valueOf('pxat') : Infinity };
}

function endOf(command: string, argument: number, time: number): number {
  switch (command) {
    case 'expire': {
      return time + argument * 1000;
    }

    case 'expireat': {
      return argument * 1000;
    }

    case 'pexpire': {
      return time + argument;
    }

    case 'pexpireat': {
      return argument;
    }

    default: {
      return Infinity;
    }
  }
}

/** At least one, as everywhere. */
function secondsUntil(endsAt: number, time: number): Ttl {
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
