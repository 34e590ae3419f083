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
import { type Stored, storedBy, STORING, ttlOf } from './stored-by.js';

/** The connection whose commands are decoded. */
export interface MonitoredPlace {
  readonly keys: Keys;
  readonly texts: Texts;
  readonly database: number;
  /** How to distinguish locks from entries. */
  readonly rule: LockRule;
  /** Whether the server reports misses, so that a lookup without one is a hit. */
  readonly announcesMisses: boolean;
  /** Since Redis 7 a command is printed after its notifications; before that, in front of them. */
  readonly printsAfterNotices: boolean;
}

/** Facts seen in passing that the enricher can use. */
export interface Learned {
  readonly callers: { learn(address: string, name: string): void };
  /** @param key of a tag set, without prefixes */
  readonly tags: { noteTagSet(key: string): void };
}

/** Other names are refused. An empty one removes the name. */
const CLIENT_NAME = /^[!-~]*$/;

const READS_ONE = new Set(['get', 'getdel', 'getex', 'getset']);
const READS_ALL = new Set(['mget']);
const RUNS_SCRIPT = new Set(['eval', 'eval_ro', 'evalsha', 'evalsha_ro', 'fcall', 'fcall_ro']);

/**
 * Decodes the commands and notifications of one server into events. A lookup without a `keymiss` is a hit; a `SET NX`
 * without a `set` was refused. Keys and values are bytes (`latin1`).
 */
export class MonitorDecoder {
  readonly #place: MonitoredPlace;
  readonly #options: Pick<EventsOptions, 'everything' | 'wants'>;
  readonly #learned: Learned;
  /** The prefix of stored keys, as bytes (`latin1`). */
  readonly #prefix: string;
  readonly #locks: KnownLocks;
  /** Addresses of cachectl's own connections. Their commands are ignored. */
  readonly #own = new Set<string>();
  /** Notices whose command was not printed yet. */
  #notices: Notice[] = [];
  /** The command whose notices may still arrive. */
  #command: PrintedCommand | undefined;
  /** The client whose script runs the following commands. */
  #caller = '';
  #events: CacheEvent[] = [];

  constructor(place: MonitoredPlace, options: Pick<EventsOptions, 'everything' | 'wants'>, learned: Learned) {
    this.#place = place;
    this.#options = options;
    this.#learned = learned;
    this.#locks = new KnownLocks(place.rule, place.texts);
    this.#prefix = Buffer.from(place.keys.prefix).toString('latin1');
  }

  /** Ignore commands from this address from now on. */
  leaveOut(address: string): void {
    this.#own.add(address);
  }

  /** @param batches an empty batch means that no more notices follow the last command */
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

  /** Close the current group: no more notices belong to it. */
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

  /** Emit the events of a command and its notices. Without a command, each notice is an event. */
  #group(command: PrintedCommand | undefined, notices: Notice[]): void {
    if (command === undefined) {
      for (const notice of notices) this.#ofNotice(notice);
      return;
    }

    if (!command.isFromScript) this.#caller = command.source;
    const cause: Cause = { address: this.#caller, command };
    if (this.#own.has(cause.address)) return;
    const { command: name, database } = command;
    if (name === 'flushall' || (name === 'flushdb' && database === this.#place.database)) {
      this.#emit('CacheFlushed', undefined, cause);
      this.#locks.clear();
    }

    if (name === 'client' || name === 'hello') this.#learnName(command);
    if (database === this.#place.database) this.#ofCommand(name, cause, notices);
    else for (const notice of notices) this.#ofNotice(notice);
  }

  #ofCommand(name: string, cause: Cause, notices: Notice[]): void {
    const { command } = cause;
    if (READS_ONE.has(name)) this.#read(command.first, cause, notices);
    else if (READS_ALL.has(name)) for (const key of command.args) this.#read(key, cause, notices);
    else if (RUNS_SCRIPT.has(name)) this.#learnOwners(command.args);
    else if (name === 'set' && command.mayHaveGet && returnsPrevious(command))
      this.#read(command.first, cause, notices);
    else if (name === 'zadd') this.#learnTag(command.first);
    const stored =
      STORING.has(name) && this.#mayMatter(name, command) ? storedBy(name, command.args, command.timeMs) : undefined;
    if (stored?.isNew === true) this.#tried(command.first, stored, cause, notices);
    for (const notice of notices) {
      // Other lookups (EXISTS, PTTL) also cause a `keymiss`.
      if (notice.name === 'keymiss') continue;
      // The command of a notice whose key it does not name was not printed.
      const isCaused = notice.key === command.first || command.args.includes(notice.key);
      if (isCaused) this.#ofNotice(notice, cause, stored);
      else this.#ofNotice(notice);
    }
  }

  /** Skip decoding of writes that no filter wants and that cannot acquire a lock. */
  #mayMatter(name: string, command: PrintedCommand): boolean {
    return name === 'setnx' || command.mayHaveNx || this.#isWanted('KeyWritten', command.first);
  }

  /** A refused write with NX was an attempt to acquire a lock. */
  #tried(full: string, { value }: Stored, cause: Cause, notices: readonly Notice[]): void {
    if (!this.#isLock(full, value)) return;
    const isTaken = notices.some(({ name, key }) => name === 'set' && key === full);
    if (!isTaken) this.#emit('LockContended', full, cause);
  }

  #read(full: string, cause: Cause, notices: Notice[]): void {
    if (!this.#place.announcesMisses || !this.#isWanted('CacheHit', full, 'CacheMissed') || this.#isLock(full)) return;
    const miss = notices.findIndex(({ name, key }) => name === 'keymiss' && key === full);
    if (miss !== -1) notices.splice(miss, 1);
    this.#emit(miss === -1 ? 'CacheHit' : 'CacheMissed', full, cause);
  }

  #ofNotice({ name, key }: Notice, cause?: Cause, stored?: Stored): void {
    const type = TYPES.get(name);
    if (type === undefined) return;
    const written = type === 'KeyWritten' ? stored : undefined;
    const isLock = this.#isLock(key, written?.value);
    if (written !== undefined) this.#locks.remember(key, this.#nameOf(key), isLock);
    if (isLock && type === 'CacheMissed') return;
    const details =
      written === undefined
        ? {}
        : { ttl: ttlOf(written, cause?.command.timeMs ?? Date.now()), size: written.value.length };
    if (type === 'KeyForgotten') this.#locks.forget(key);
    this.#emit(isLock ? (LOCK_TYPES[type] ?? type) : type, key, cause, details);
  }

  #learnOwners([, count, ...rest]: readonly string[]): void {
    const keys = rest.slice(0, Number(count) || 0);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || !this.#locks.isTakenByScript(rest.slice(1))) return;
    this.#locks.remember(key, this.#nameOf(key), true);
  }

  /** From `CLIENT SETNAME web`, or `HELLO 3 SETNAME web`. MONITOR prints those that the server refuses, too. */
  #learnName({ command, source, args }: PrintedCommand): void {
    const at = args.findIndex((word) => word.toLowerCase() === 'setname');
    const isAccepted = command === 'client' ? at === 0 && args.length === 2 : at > 0 && /^[23]$/.test(args[0]!);
    const given = args[at + 1];
    if (isAccepted && given !== undefined && CLIENT_NAME.test(given)) this.#learned.callers.learn(source, given);
  }

  #learnTag(full: string): void {
    const key = this.#shortOf(full);
    if (key !== undefined) this.#learned.tags.noteTagSet(key);
  }

  #isLock(full: string, value?: string): boolean {
    return this.#locks.has(full, this.#nameOf(full), value);
  }

  #emit(type: EventType, full: string | undefined, cause?: Cause, { ttl, size }: Details = {}): void {
    const named = full === undefined ? {} : this.#named(full);
    if (named === undefined || this.#options.wants?.(type, named.key) === false) return;
    this.#events.push({
      time: cause?.command.time ?? new Date(),
      type,
      ...named,
      ...(ttl !== undefined && { ttl }),
      ...(size !== undefined && !type.startsWith('Lock') && { size }),
      ...(cause && { client: { address: cause.address } }),
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

  /** The key without prefixes; undefined under other prefixes. */
  #shortOf(full: string): string | undefined {
    if (!full.startsWith(this.#prefix) || full === BOOKKEEPING_KEY) return undefined;
    return textOf(full.slice(this.#prefix.length));
  }
}

/** Notices that no command causes. They can arrive at any time. */
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

/** The command that caused an event, and its client. */
interface Cause {
  readonly address: string;
  readonly command: PrintedCommand;
}

interface Details {
  readonly ttl?: Ttl | undefined;
  readonly size?: number;
}
