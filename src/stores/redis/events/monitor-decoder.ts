import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { Ttl } from '../../contract/store.js';
import type { LockRule } from '../../locks/rule.js';
import type { Keys } from '../keys.js';
import type { Texts } from '../packing.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { isTagSetKey } from '../../tags/names.js';
import { BOOKKEEPING_KEY } from '../keys.js';
import { LOCK_TYPES, TYPES } from './keyspace-events.js';
import { KnownLocks } from './known-locks.js';
import { type MonitorMessage, type Notice, OTHER_COMMAND } from './monitor-connection.js';
import { PrintedCommand } from './printed-command.js';
import { type Stored, storedBy, STORING } from './stored-by.js';

/** The place whose commands are decoded. */
export interface MonitoredPlace {
  readonly keys: Keys;
  readonly texts: Texts;
  readonly database: number;
  /** How to distinguish locks from entries. */
  readonly rule: LockRule;
  /** Whether the server announces misses, so that a lookup without one is a hit. */
  readonly announcesMisses: boolean;
  /** Since Redis 7 a command is printed after its notifications, before that in front of them. */
  readonly printsAfterNotices: boolean;
}

/** What is learned in passing, of use to the enricher. */
export interface Learned {
  readonly callers: { learn(address: string, name: string): void };
  /** @param key of a tag's set, without prefixes */
  readonly tags: { heardOf(key: string): void };
}

const READS_ONE = new Set(['get', 'getdel', 'getex', 'getset']);
const READS_ALL = new Set(['mget']);
const RUNS_SCRIPT = new Set(['eval', 'eval_ro', 'evalsha', 'evalsha_ro', 'fcall', 'fcall_ro']);

/**
 * Decodes what one server prints and announces into events. A lookup without a `keymiss` is a hit; a `SET NX` without a
 * `set` was refused. Keys and values are bytes (`latin1`).
 */
export class MonitorDecoder {
  readonly #place: MonitoredPlace;
  readonly #options: Pick<EventsOptions, 'everything' | 'wants'>;
  readonly #learned: Learned;
  /** Of full keys, as bytes (`latin1`). */
  readonly #prefix: string;
  readonly #locks: KnownLocks;
  /** Addresses of our own connections, whose commands are left out. */
  readonly #own = new Set<string>();
  /** Whose command is not known yet. */
  #notices: Notice[] = [];
  /** Whose notices may still come. */
  #command: PrintedCommand | undefined;
  /** The client that runs the script whose commands follow. */
  #caller = '';
  #events: CacheEvent[] = [];

  constructor(place: MonitoredPlace, options: Pick<EventsOptions, 'everything' | 'wants'>, learned: Learned) {
    this.#place = place;
    this.#options = options;
    this.#learned = learned;
    this.#locks = new KnownLocks(place.rule, place.texts);
    this.#prefix = Buffer.from(place.keys.prefix).toString('latin1');
  }

  /** Leave out commands from this address from now on. */
  leaveOut(address: string): void {
    this.#own.add(address);
  }

  /** @param batches an empty one says that nothing belongs to the last message any more */
  async *decode(batches: AsyncIterable<readonly MonitorMessage[]>): AsyncGenerator<readonly CacheEvent[]> {
    for await (const messages of batches) {
      const events = this.decodeBatch(messages);
      if (events.length > 0) yield events;
    }
  }

  decodeBatch(messages: readonly MonitorMessage[]): readonly CacheEvent[] {
    this.#events = [];
    if (messages.length === 0) this.#settle();
    for (const message of messages) {
      if (message instanceof PrintedCommand) this.#printed(message);
      else if (message === OTHER_COMMAND) this.#settle();
      else if ('name' in message) this.#notified(message);
    }

    return this.#events;
  }

  #notified(notice: Notice): void {
    if (!UNCAUSED.has(notice.name)) {
      this.#notices.push(notice);
      return;
    }

    this.#ofNotice(notice);
    this.#locks.forget(notice.key);
  }

  #printed(command: PrintedCommand): void {
    if (this.#place.printsAfterNotices) {
      this.#group(command, this.#takeNotices());
      return;
    }

    this.#settle();
    this.#command = command;
  }

  /** Nothing more belongs to what came last. */
  #settle(): void {
    const command = this.#command;
    this.#command = undefined;
    this.#group(command, this.#takeNotices());
  }

  #takeNotices(): Notice[] {
    if (this.#notices.length === 0) return NONE;
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** A command and its notices; without a command each notice is an event of its own. */
  #group(command: PrintedCommand | undefined, notices: Notice[]): void {
    if (command === undefined) {
      for (const notice of notices) this.#ofNotice(notice);
      return;
    }

    if (!command.isFromScript) this.#caller = command.source;
    const doer: Doer = { address: this.#caller, command };
    if (this.#own.has(doer.address)) return;
    const { command: name, database } = command;
    if (name === 'flushall' || (name === 'flushdb' && database === this.#place.database)) {
      this.#emit('CacheFlushed', undefined, doer);
      this.#locks.clear();
    }

    if (name === 'client' || name === 'hello') this.#learnName(command.source, command.args);
    if (database === this.#place.database) this.#ofCommand(name, doer, notices);
    else for (const notice of notices) this.#ofNotice(notice);
  }

  #ofCommand(name: string, doer: Doer, notices: Notice[]): void {
    const { command } = doer;
    if (READS_ONE.has(name)) this.#read(command.first, doer, notices);
    else if (READS_ALL.has(name)) for (const key of command.args) this.#read(key, doer, notices);
    else if (RUNS_SCRIPT.has(name)) this.#learnOwners(command.args);
    else if (name === 'set' && command.mayHaveGet && returnsPrevious(command)) this.#read(command.first, doer, notices);
    else if (name === 'zadd') this.#learnTag(command.first);
    const stored =
      STORING.has(name) && this.#mayMatter(name, command) ? storedBy(name, command.args, command.timeMs) : undefined;
    if (stored?.isNew === true) this.#tried(command.first, stored, doer, notices);
    for (const notice of notices) {
      // Lookups that are not a cache's (EXISTS, PTTL) cause a `keymiss` as well.
      if (notice.name === 'keymiss') continue;
      // A notice of a key that the command does not name was caused by a command that is not printed.
      const isCaused = notice.key === command.first || command.args.includes(notice.key);
      if (isCaused) this.#ofNotice(notice, doer, stored);
      else this.#ofNotice(notice);
    }
  }

  /** With a filter, most writes need no decoding: those that take no lock and are not wanted. */
  #mayMatter(name: string, command: PrintedCommand): boolean {
    return name === 'setnx' || command.mayHaveNx || this.#isWanted('KeyWritten', command.first);
  }

  /** A write that succeeds only where there is nothing; refused, it tried to take a lock. */
  #tried(full: string, { value }: Stored, doer: Doer, notices: readonly Notice[]): void {
    if (!this.#isLock(full, value)) return;
    const isTaken = notices.some(({ name, key }) => name === 'set' && key === full);
    if (!isTaken) this.#emit('LockContended', full, doer);
  }

  #read(full: string, doer: Doer, notices: Notice[]): void {
    if (!this.#place.announcesMisses || !this.#isWanted('CacheHit', full, 'CacheMissed') || this.#isLock(full)) return;
    const miss = notices.findIndex(({ name, key }) => name === 'keymiss' && key === full);
    if (miss !== -1) notices.splice(miss, 1);
    this.#emit(miss === -1 ? 'CacheHit' : 'CacheMissed', full, doer);
  }

  #ofNotice({ name, key }: Notice, doer?: Doer, stored?: Stored): void {
    const type = TYPES.get(name);
    if (type === undefined) return;
    const written = type === 'KeyWritten' ? stored : undefined;
    const isLock = this.#isLock(key, written?.value);
    if (written !== undefined) this.#locks.remember(key, this.#nameOf(key), isLock);
    if (isLock && type === 'CacheMissed') return;
    const details =
      written === undefined
        ? {}
        : { ttl: ttlOf(written, doer?.command.timeMs ?? Date.now()), size: written.value.length };
    if (type === 'KeyForgotten') this.#locks.forget(key);
    this.#emit(isLock ? (LOCK_TYPES[type] ?? type) : type, key, doer, details);
  }

  #learnOwners([, count, ...rest]: readonly string[]): void {
    const keys = rest.slice(0, Number(count) || 0);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || !this.#locks.isTakenByScript(rest.slice(1))) return;
    this.#locks.remember(key, this.#nameOf(key), true);
  }

  /** `CLIENT SETNAME web`, or `HELLO 3 SETNAME web`. */
  #learnName(address: string, args: readonly string[]): void {
    const at = args.findIndex((word) => word.toLowerCase() === 'setname');
    if (at !== -1) this.#learned.callers.learn(address, textOf(args[at + 1] ?? ''));
  }

  #learnTag(full: string): void {
    const key = this.#shortOf(full);
    if (key !== undefined) this.#learned.tags.heardOf(key);
  }

  #isLock(full: string, value?: string): boolean {
    return this.#locks.has(full, this.#nameOf(full), value);
  }

  #emit(type: EventType, full: string | undefined, doer?: Doer, { ttl, size }: Details = {}): void {
    const named = full === undefined ? {} : this.#named(full);
    if (named === undefined || this.#options.wants?.(type, named.key) === false) return;
    this.#events.push({
      time: doer?.command.time ?? new Date(),
      type,
      ...named,
      ...(ttl !== undefined && { ttl }),
      ...(size !== undefined && !type.startsWith('Lock') && { size }),
      ...(doer && { client: { address: doer.address } }),
    });
  }

  #isWanted(type: EventType, full: string, other = type): boolean {
    const { wants } = this.#options;
    if (wants === undefined) return true;
    const key = this.#named(full)?.key;
    return wants(type, key) || (other !== type && wants(other, key));
  }

  /** Undefined for keys that are never reported. */
  #named(full: string): Pick<CacheEvent, 'isForeign' | 'key'> | undefined {
    const key = this.#shortOf(full);
    if (key !== undefined) return isTagSetKey(key) ? undefined : { key };
    if (!this.#options.everything || full === BOOKKEEPING_KEY) return undefined;
    const foreign = textOf(full);
    return isTagSetKey(foreign) ? undefined : { key: foreign, isForeign: true };
  }

  #nameOf(full: string): string {
    return this.#shortOf(full) ?? full;
  }

  /** Without prefixes; undefined for keys under other prefixes. */
  #shortOf(full: string): string | undefined {
    if (!full.startsWith(this.#prefix) || full === BOOKKEEPING_KEY) return undefined;
    return textOf(full.slice(this.#prefix.length));
  }
}

/** Notices that no command causes: they may come at any time. */
const UNCAUSED = new Set(['evicted', 'expired']);

/** `SET k v GET`. */
function returnsPrevious({ args }: PrintedCommand): boolean {
  return args.slice(2).some((word) => word.toLowerCase() === 'get');
}

function textOf(bytes: string): string {
  return NOT_ASCII.test(bytes) ? keyFromBytes(Buffer.from(bytes, 'latin1')) : bytes;
}

const NOT_ASCII = /[\u0080-\u00FF]/;

const NONE: Notice[] = [];

/** The command that caused an event, and the client that sent it. */
interface Doer {
  readonly address: string;
  readonly command: PrintedCommand;
}

interface Details {
  readonly ttl?: Ttl | undefined;
  readonly size?: number;
}

/** In seconds; undefined where it stays as it was. */
function ttlOf({ endsAt }: Stored, time: number): Ttl | undefined {
  if (Number.isNaN(endsAt)) return undefined;
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
