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
    if (REMOVING.has(command) || (isFirst && REMOVING_THE_FIRST.has(command))) return this.#gone(time);
    const storing = isFirst ? storedBy(command, args.slice(1), time) : undefined;
    if (storing !== undefined) return this.#set(time, ownerOf(storing.value), storing);
    const endsAt = isFirst ? endOf(command, Number(args[1]), time) : undefined;
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

  #set(time: number, owner: string, { isNew, endsAt }: Storing): Heard[] {
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

/** Commands that remove every key that they name, or all there are. */
const REMOVING = new Set(['del', 'flushall', 'flushdb', 'unlink']);
const REMOVING_THE_FIRST = new Set(['getdel', 'rename']);

const EMPTY = Buffer.alloc(0);

/** What a command would store. */
interface Storing {
  readonly value: Buffer;
  /** NX: only when nobody holds it. */
  readonly isNew: boolean;
  /** NaN keeps what it is. */
  readonly endsAt: number;
}

/** @param args behind the key */
function storedBy(command: string, args: readonly Buffer[], time: number): Storing | undefined {
  const [first = EMPTY, second = EMPTY] = args;
  switch (command) {
    case 'set': {
      return { value: first, ...setOptions(args.slice(1), time) };
    }

    case 'setnx': {
      return { value: first, isNew: true, endsAt: Infinity };
    }

    case 'setex': {
      return { value: second, isNew: false, endsAt: time + Number(first) * 1000 };
    }

    case 'psetex': {
      return { value: second, isNew: false, endsAt: time + Number(first) };
    }

    default: {
      return undefined;
    }
  }
}

/** What stands behind SET's key and value, in any order. */
function setOptions(words: readonly Buffer[], time: number): Omit<Storing, 'value'> {
  const options = words.map((word) => word.toString().toLowerCase());
  const isNew = options.includes('nx');
  if (options.includes('keepttl')) return { isNew, endsAt: Number.NaN };
  for (const [name, endsAt] of Object.entries(ENDS)) {
    const at = options.indexOf(name);
    if (at !== -1) return { isNew, endsAt: endsAt(Number(options[at + 1]), time) };
  }

  return { isNew, endsAt: Infinity };
}

/** By the words that SET says a ttl with. */
const ENDS: Readonly<Record<string, (argument: number, time: number) => number>> = {
  ex: (seconds, time) => time + seconds * 1000,
  px: (milliseconds, time) => time + milliseconds,
  exat: (seconds) => seconds * 1000,
  pxat: (milliseconds) => milliseconds,
};

/** By the commands that change nothing but the ttl. */
const COMMANDS_OF_ENDS: Readonly<Record<string, keyof typeof ENDS>> = {
  expire: 'ex',
  pexpire: 'px',
  expireat: 'exat',
  pexpireat: 'pxat',
};

function endOf(command: string, argument: number, time: number): number | undefined {
  if (command === 'persist') return Infinity;
  const name = COMMANDS_OF_ENDS[command];
  return name === undefined ? undefined : ENDS[name]!(argument, time);
}

/** At least one, as everywhere. */
function secondsUntil(endsAt: number, time: number): Ttl {
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
