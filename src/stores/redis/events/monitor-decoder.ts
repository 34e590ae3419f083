import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { Ttl } from '../../contract/store.js';
import type { Keys } from '../keys.js';
import type { Texts } from '../packing.js';
import type { PrintedCommand } from './printed-command.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { isLaravelLockName } from '../../locks/names.js';
import {
  isOwnerText,
  type LockRule,
  lockTeller,
  LONGEST_OWNER,
  mayBeLockThere,
  type Teller,
} from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { BOOKKEEPING_KEY } from '../keys.js';
import { ownerOf } from '../locks/lock.js';
import { LOCK_TYPES, TYPES } from './keyspace-events.js';
import { type Stored, storedBy, STORING } from './stored-by.js';

/** What a keyspace notification says: the name of an event, and a full key. */
export interface Notice {
  readonly name: string;
  readonly full: string;
}

/** What the story is told of the place. */
export interface StoryRoom {
  readonly keys: Keys;
  readonly texts: Texts;
  readonly database: number;
  /** By which locks are told there. */
  readonly rule: LockRule;
  /** Whether misses are announced, so that what is not is a hit. */
  readonly tellsMisses: boolean;
  tell(event: CacheEvent): void;
  /** A client said what it is called. */
  namedClient(address: string, name: string): void;
  /** The set of a tag was named. @param key without prefixes */
  namedTagSet(key: string): void;
}

/** Keys of which it is known by their values whether they are locks. */
const MOST_KNOWN = 100_000;

/** Commands that read entries; of those that are told to read several, all arguments are keys. */
const READS_ONE = new Set(['get', 'getdel', 'getex', 'getset']);
const READS_ALL = new Set(['mget']);
const RUNS_SCRIPT = new Set(['eval', 'eval_ro', 'evalsha', 'evalsha_ro', 'fcall', 'fcall_ro']);

/**
 * Makes events of the commands of one server and what it announces of each: both come on one connection, so it is known
 * what belongs to what. A lookup that makes no `keymiss` is a hit, a `SET NX` that makes no `set` was refused. From Redis
 * 7 on a command is printed behind what it made, before in front of it. Keys and values are texts of bytes (`latin1`).
 */
export class MonitorStory {
  readonly #context: StoryRoom;
  readonly #options: EventsOptions;
  readonly #printsBehind: boolean;
  /** Of full keys (`latin1`). */
  readonly #prefix: string;
  readonly #tellLock: Teller;
  /** By the full key, whether its value made it a lock. */
  readonly #known = new Map<string, boolean>();
  /** Whose commands are nobody's business: our own. */
  readonly #own = new Set<string>();
  #notices: Notice[] = [];
  #command: PrintedCommand | undefined;
  /** Who ran the script whose commands come next. */
  #caller = '';

  constructor(context: StoryRoom, options: EventsOptions, printsBehind: boolean) {
    this.#context = context;
    this.#options = options;
    this.#printsBehind = printsBehind;
    this.#tellLock = lockTeller(context.rule);
    this.#prefix = Buffer.from(context.keys.prefix).toString('latin1');
  }

  /**
   * How long a server has to be silent until nothing more comes of what it said last, in milliseconds. Behind a command
   * that is soon; what comes in front of one waits for it however long the server is busy between the two, since without it
   * a miss would be told by itself, and then the lookup as a hit.
   */
  get patienceMs(): number {
    return this.#printsBehind ? 1000 : 20;
  }

  /** Commands from this address are left out from now on. */
  leaveOut(address: string): void {
    this.#own.add(address);
  }

  notified(notice: Notice): void {
    // Neither is what somebody did: they may come at any time.
    if (notice.name !== 'expired' && notice.name !== 'evicted') {
      this.#notices.push(notice);
      return;
    }

    this.#ofNotice(notice);
    this.#known.delete(notice.full);
  }

  printed(command: PrintedCommand): void {
    if (this.#printsBehind) {
      this.#group(command, this.#takeNotices());
      return;
    }

    this.idle();
    this.#command = command;
  }

  /** Nothing more is going to come for what came last. */
  idle(): void {
    const command = this.#command;
    this.#command = undefined;
    this.#group(command, this.#takeNotices());
  }

  #takeNotices(): Notice[] {
    if (this.#notices.length === 0) return NOTHING;
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** A command, and what the server announced of it; what no printed command made is told by itself. */
  #group(command: PrintedCommand | undefined, notices: Notice[]): void {
    if (command === undefined) {
      for (const notice of notices) this.#ofNotice(notice);
      return;
    }

    if (!command.isScripts) this.#caller = command.source;
    const doer: Doer = { address: this.#caller, command };
    if (this.#own.has(doer.address)) return;
    const { command: name } = command;
    if (name === 'flushall' || (name === 'flushdb' && command.database === this.#context.database)) {
      this.#tell('CacheFlushed', undefined, doer);
      this.#known.clear();
    }

    if (name === 'client' || name === 'hello') this.#learnName(command.source, command.args);
    if (command.database !== this.#context.database) {
      for (const notice of notices) this.#ofNotice(notice);
      return;
    }

    this.#ofCommand(name, command, doer, notices);
  }

  #ofCommand(name: string, command: PrintedCommand, doer: Doer, notices: Notice[]): void {
    if (READS_ONE.has(name)) this.#read(command.first, doer, notices);
    else if (READS_ALL.has(name)) for (const key of command.args) this.#read(key, doer, notices);
    else if (RUNS_SCRIPT.has(name)) this.#learnOwners(command.args);
    else if (name === 'set' && command.mayAnswer && answers(command)) this.#read(command.first, doer, notices);
    else if (name === 'zadd') this.#learnTag(command.first);
    const stored =
      STORING.has(name) && this.#isOfInterest(name, command)
        ? storedBy(name, command.args, command.time.getTime())
        : undefined;
    if (stored?.isNew === true) this.#tried(command.first, stored, doer, notices);
    // A lookup that no cache makes (EXISTS, PTTL) makes a `keymiss`, too.
    for (const notice of notices) {
      if (notice.name === 'keymiss') continue;
      // What names another key was done by a command that is not printed.
      const isOfIt = notice.full === command.first || command.args.includes(notice.full);
      if (isOfIt) this.#ofNotice(notice, doer, stored);
      else this.#ofNotice(notice);
    }
  }

  /** Most of what is written is not looked at, where there is a filter: what takes no lock, and is not wanted. */
  #isOfInterest(name: string, command: PrintedCommand): boolean {
    return name === 'setnx' || command.mayBeOfNew || this.#isWanted('KeyWritten', command.first);
  }

  /** Somebody wanted what only one can have. */
  #tried(full: string, { value }: Stored, doer: Doer, notices: readonly Notice[]): void {
    if (!this.#isLock(full, value)) return;
    const isTaken = notices.some((notice) => notice.name === 'set' && notice.full === full);
    if (!isTaken) this.#tell('LockContended', full, doer);
  }

  #read(full: string, doer: Doer, notices: Notice[]): void {
    if (!this.#context.tellsMisses || !this.#isWanted('CacheHit', full, 'CacheMissed') || this.#isLock(full)) return;
    const miss = notices.findIndex((notice) => notice.name === 'keymiss' && notice.full === full);
    if (miss !== -1) notices.splice(miss, 1);
    this.#tell(miss === -1 ? 'CacheHit' : 'CacheMissed', full, doer);
  }

  #ofNotice({ name, full }: Notice, doer?: Doer, stored?: Stored): void {
    const type = TYPES.get(name);
    if (type === undefined) return;
    const isLock = this.#isLock(full, type === 'KeyWritten' ? stored?.value : undefined);
    if (type === 'KeyWritten' && stored !== undefined) this.#learn(full, isLock);
    if (isLock && type === 'CacheMissed') return;
    const more =
      type === 'KeyWritten' && stored !== undefined
        ? { ttl: ttlOf(stored, doer?.command.time.getTime() ?? Date.now()), size: stored.value.length }
        : {};
    if (type === 'KeyForgotten') this.#known.delete(full);
    this.#tell(isLock ? (LOCK_TYPES[type] ?? type) : type, full, doer, more);
  }

  /** Texts that look like owners, among the arguments of a script that has a key, make a lock of that. */
  #learnOwners([, count, ...rest]: readonly string[]): void {
    const keys = rest.slice(0, Number(count) || 0);
    if (keys.length !== 1 || this.#context.rule.goesByNames) return;
    const told = rest.slice(keys.length).map((text) => this.#tellLock('', this.#ownerIn(text)));
    if (told.some((by) => by !== undefined && by !== 'place')) this.#learn(keys[0]!, true);
  }

  /** What is as its name alone says need not be kept in mind. */
  #learn(full: string, isLock: boolean): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.delete(full);
    if (isLock !== this.#isLock(full)) this.#known.set(full, isLock);
  }

  /** `CLIENT SETNAME web`, or `HELLO 3 SETNAME web`. */
  #learnName(address: string, args: readonly string[]): void {
    const at = args.findIndex((word) => word.toLowerCase() === 'setname');
    if (at !== -1) this.#context.namedClient(address, textOf(args[at + 1] ?? ''));
  }

  #learnTag(full: string): void {
    const key = this.#shortOf(full);
    if (key !== undefined) this.#context.namedTagSet(key);
  }

  /** @param value that it holds; else what is known, or likely in a place of locks */
  #isLock(full: string, value?: string): boolean {
    const name = this.#shortOf(full) ?? full;
    if (isLaravelLockName(name)) return true;
    const known = this.#known.get(full);
    if (value === undefined) return known ?? (this.#context.rule.isPlaceOfLocks && mayBeLockThere(name));
    const owner = this.#ownerIn(value);
    return this.#tellLock(name, owner) !== undefined || (known === true && isOwnerText(owner));
  }

  /** An owner is short, and what is longer is not made a text of. */
  #ownerIn(value: string): string {
    return value.length > LONGEST_OWNER ? '' : ownerOf(this.#context.texts, Buffer.from(value, 'latin1'));
  }

  #tell(type: EventType, full: string | undefined, doer?: Doer, more: Details = {}): void {
    const place = full === undefined ? {} : this.#placeOf(full);
    if (place === undefined || this.#options.wants?.(type, place.key) === false) return;
    const { ttl, size } = more;
    this.#context.tell({
      time: doer?.command.time ?? new Date(),
      type,
      ...place,
      ...(ttl !== undefined && { ttl }),
      ...(size !== undefined && !type.startsWith('Lock') && { size }),
      ...(doer && { client: { address: doer.address } }),
    });
  }

  #isWanted(type: EventType, full: string, other = type): boolean {
    const { wants } = this.#options;
    if (wants === undefined) return true;
    const key = this.#placeOf(full)?.key;
    return wants(type, key) || (other !== type && wants(other, key));
  }

  /** Undefined of what is not told of at all. */
  #placeOf(full: string): Pick<CacheEvent, 'isForeign' | 'key'> | undefined {
    const key = this.#shortOf(full);
    if (key !== undefined) return isTagSetKey(key) ? undefined : { key };
    if (!this.#options.everything || full === BOOKKEEPING_KEY) return undefined;
    const foreign = textOf(full);
    return isTagSetKey(foreign) ? undefined : { key: foreign, isForeign: true };
  }

  /** Without prefixes; undefined of what lies under others. */
  #shortOf(full: string): string | undefined {
    if (!full.startsWith(this.#prefix) || full === BOOKKEEPING_KEY) return undefined;
    return textOf(full.slice(this.#prefix.length));
  }
}

/** `SET k v GET` looks up what was there before. */
function answers({ args }: PrintedCommand): boolean {
  return args.slice(2).some((word) => word.toLowerCase() === 'get');
}

/** Bytes (`latin1`) as the text that they are. */
function textOf(bytes: string): string {
  return OTHER_THAN_ASCII.test(bytes) ? keyFromBytes(Buffer.from(bytes, 'latin1')) : bytes;
}

const OTHER_THAN_ASCII = /[\u0080-\u00FF]/;

const NOTHING: Notice[] = [];

interface Doer {
  readonly address: string;
  readonly command: PrintedCommand;
}

interface Details {
  readonly ttl?: Ttl | undefined;
  readonly size?: number;
}

/** Seconds of a ttl, from when it is over; undefined where it stays as it was. */
function ttlOf({ endsAt }: Stored, time: number): Ttl | undefined {
  if (Number.isNaN(endsAt)) return undefined;
  return endsAt === Infinity ? null : Math.max(1, Math.ceil((endsAt - time) / 1000));
}
