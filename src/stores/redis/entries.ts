import type { Value } from '../../codecs/value.js';
import type {
  BulkOptions,
  Entry,
  NewEntry,
  Reading,
  ReadOptions,
  Repository,
  StoredEntry,
  Ttl,
} from '../contract/store.js';
import type { Command, Reply } from './client/command.js';
import type { Connection } from './connection.js';
import type { RedisContext } from './context.js';

import { integer } from '../../codecs/value.js';
import { NotANumberError, WrongTypeError } from '../../errors.js';
import { CodedEntry } from '../entries/coded-entry.js';
import { increased } from '../entries/counter.js';
import { allDone } from '../entries/partial-failure.js';
import { lastOfEachKey, type PutBatch, putBatches } from '../entries/put-batches.js';
import { batches, type EncodedEntry, PAGE_SIZE, storedBatches } from '../listing/batches.js';
import { bulkByNode, MIN_BULK } from './client/bulk-by-node.js';
import { bytes, count, given, isGone, isHit, ttlOf } from './client/replies.js';
import { countingError, wrongType } from './errors.js';
import { changeGuarded } from './guarded-key.js';
import { take } from './take.js';

/** Replace a value and keep its TTL, unless the value has changed. Servers before 6 lack KEEPTTL. */
const REPLACE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local pttl = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[2])
if pttl > 0 then redis.call('PEXPIRE', KEYS[1], pttl) end
return 1`;

const NOTHING_MORE: Command[] = [];

/** How many batches may be in flight. */
const BATCHES_IN_FLIGHT = 4;

/** An entry that decodes its value on demand. */
export function entryOf({ packing }: RedisContext, stored: Buffer, ttl: Ttl | undefined): Entry {
  return new CodedEntry(stored, ttl, packing.values);
}

/**
 * Reads and writes entries without tags. The subclass for tagged entries changes the stored key and sends extra
 * commands.
 */
export class Entries implements Repository {
  protected readonly context: RedisContext;
  protected readonly connection: Connection;
  readonly storedForm: string;

  constructor(context: RedisContext) {
    this.context = context;
    this.connection = context.connection;
    this.storedForm = `redis ${context.packing.form}`;
  }

  async get(key: string): Promise<Entry | undefined> {
    const [reading] = await this.many([key]);
    if (reading instanceof Error) throw reading;
    return reading;
  }

  /** Each lookup of a missing key notifies `keymiss`, so PTTL is for hits only. */
  async many(keys: readonly string[], { withTtl = true }: ReadOptions = {}): Promise<readonly Reading[]> {
    const full = keys.map((key) => this.storedKey(key));
    const values = await this.connection.batch(full.map((key): Command => ['GET', key]));
    const hits = withTtl ? full.filter((_, index) => isHit(values[index]!)) : [];
    const pttls = hits.length === 0 ? [] : await this.connection.batch(hits.map((key): Command => ['PTTL', key]));
    let next = 0;
    return Promise.all(
      keys.map(async (key, index) => {
        const value = values[index]!;
        const pttl = withTtl && isHit(value) ? pttls[next++] : undefined;
        return this.reading(key, value, pttl);
      }),
    );
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    const set = this.#set({ key, stored: this.context.packing.values.encode(value), ttl });
    const [reply] = await this.#sendAfter(this.written(key, ttl), [set]);
    given(reply!);
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    return this.#putAll(
      batches(entries, (value) => this.context.packing.values.encode(value), this.#batchSize),
      options,
    );
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return this.#putAll(storedBatches(entries, this.#batchSize), options);
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const set = this.#set({ key, stored: this.context.packing.values.encode(value), ttl });
    const [reply] = await this.#sendAfter(this.written(key, ttl), [[...set, 'NX']]);
    return given(reply!) !== null;
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    const [reply] = await this.#sendAfter(this.incremented(key), [['INCRBY', this.storedKey(key), String(by)]]);
    const sum = reply!;
    if (sum instanceof WrongTypeError) throw await this.#wrongType(key);
    if (!(sum instanceof Error)) return BigInt(sum as string);
    const known = countingError(sum, key);
    if (known instanceof NotANumberError && !this.context.packing.texts.areBare) return this.#incrementPacked(key, by);
    throw known;
  }

  async replace(key: string, { stored }: Entry, value: Value): Promise<boolean> {
    return this.#replace(this.storedKey(key), stored, this.context.packing.values.encode(value));
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    const full = this.storedKey(key);
    const change: Command = ttl === null ? ['PERSIST', full] : ['EXPIRE', full, ttl];
    const [changed, there] = await this.#sendAfter(this.touched(key, ttl), [change, ['EXISTS', full]]);
    given(changed!);
    return count(there!) === 1;
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    const replies = await this.connection.batch(keys.map((key): Command => ['UNLINK', this.storedKey(key)]));
    const answers = replies.map((reply) => (reply instanceof Error ? reply : count(reply) === 1));
    return allDone<boolean>('forgot', keys, 'keys', answers);
  }

  async pull(key: string): Promise<Entry | undefined> {
    const [pttl, value] = await take(this.connection, this.storedKey(key));
    const reading = await this.reading(key, value, pttl);
    if (reading instanceof Error) throw reading;
    return reading;
  }

  protected storedKey(key: string): string {
    return this.context.keys.full(key);
  }

  /** Commands to send before an entry is written. */
  protected written(_key: string, _ttl: Ttl): Command[] {
    return NOTHING_MORE;
  }

  /** Commands to send before an entry is incremented. */
  protected incremented(_key: string): Command[] {
    return NOTHING_MORE;
  }

  /** Commands to send before the TTL of an entry changes. */
  protected touched(_key: string, _ttl: Ttl): Command[] {
    return NOTHING_MORE;
  }

  /** An entry from the reply to GET, and to PTTL if that was asked for. */
  protected async reading(key: string, value: Error | Reply, pttl?: Error | Reply): Promise<Reading> {
    if (value instanceof WrongTypeError) return this.#wrongType(key);
    const stored = bytes(value);
    // It expired between the two commands.
    if (stored === null || (pttl !== undefined && isGone(pttl))) return undefined;
    return entryOf(this.context, stored, pttl === undefined ? undefined : ttlOf(pttl));
  }

  /** Increment a number that phpredis packed, which INCRBY cannot read. Retries if the value changes in between. */
  async #incrementPacked(key: string, by: bigint): Promise<bigint> {
    const full = this.storedKey(key);
    const { values } = this.context.packing;
    for (;;) {
      const held = bytes(await this.connection.call('GET', full));
      // It expired. INCRBY starts at zero.
      if (held === null) return this.increment(key, by);
      const sum = increased(key, by, () => values.decode(held));
      if (await this.#replace(full, held, values.encode(integer(sum)))) return sum;
    }
  }

  async #replace(full: string, expected: Buffer, next: Buffer): Promise<boolean> {
    return changeGuarded(this.connection, {
      key: full,
      expected,
      script: REPLACE,
      args: [next],
      commands: [['SET', full, next, 'KEEPTTL']],
    });
  }

  /** The servers of a cluster share a batch. */
  get #batchSize(): number {
    return this.connection.isCluster ? 4 * PAGE_SIZE : PAGE_SIZE;
  }

  async #putAll(
    all: AsyncIterable<readonly EncodedEntry[]> | Iterable<readonly EncodedEntry[]>,
    options?: BulkOptions,
  ): Promise<number> {
    if (!this.connection.isCluster) {
      // Encode batches while others are in flight.
      return putBatches(all, options, async (batch) => this.#write(batch), BATCHES_IN_FLIGHT);
    }

    // Encode one. It waits for the one before it, whose redirected writes it could overtake.
    let isWritten = Promise.resolve(true);
    const write = async (batch: readonly EncodedEntry[]): Promise<PutBatch> => {
      const writing: Promise<PutBatch> = isWritten.then(async (goesOn) =>
        goesOn ? this.#writeOnCluster(batch) : { stored: 0 },
      );
      isWritten = writing.then(
        ({ failure }) => failure === undefined,
        () => false,
      );
      return writing;
    };

    return putBatches(all, options, write, 2);
  }

  /** Large batches use a separate connection. Later writes use it too, so that they stay in order. */
  async #write(batch: readonly EncodedEntry[]): Promise<PutBatch> {
    const { connection } = this;
    if (batch.length < MIN_BULK && !connection.writesInBulk) return this.#sendEntries(batch);
    const bulk = await connection.bulk();
    const writer = bulk.writer();
    for (const { key, stored, ttl } of batch) {
      for (const command of this.written(key, ttl)) writer.command(command);
      writer.set(this.storedKey(key), stored, ttl);
    }

    const { commands } = writer;
    const { done, succeeded, failure } = await bulk.send(writer);
    // Each entry needs the same number of commands.
    return { stored: commands === batch.length ? succeeded : Math.floor((done / commands) * batch.length), failure };
  }

  async #writeOnCluster(batch: readonly EncodedEntry[]): Promise<PutBatch> {
    const { stored, failure } = await this.#writeByNode(lastOfEachKey(batch));
    if (failure) return { stored, failure };
    return { stored: batch.length, failure: await this.connection.lostPrimary() };
  }

  async #writeByNode(batch: readonly EncodedEntry[]): Promise<PutBatch> {
    const isAlone = this.written(batch[0]!.key, null).length === 0;
    if (batch.length < MIN_BULK || !isAlone) return this.#sendEntries(batch);
    const keys = batch.map(({ key }) => this.storedKey(key));
    const written = await bulkByNode(this.connection, keys, batch);
    if (written.failure) return written;
    const { stored, failure } = await this.#sendEntries(written.left);
    return { stored: written.stored + stored, failure };
  }

  async #sendEntries(entries: readonly EncodedEntry[]): Promise<PutBatch> {
    const before = entries.map(({ key, ttl }) => this.written(key, ttl));
    const isApart = this.connection.keysApart && before.some((commands) => commands.length > 0);
    const failure = isApart ? firstError(await this.connection.batch(before.flat())) : undefined;
    if (failure) return { stored: 0, failure };
    const groups = entries.map((entry, index) => [...(isApart ? NOTHING_MORE : before[index]!), this.#set(entry)]);
    const replies = await this.connection.batch(groups.flat());
    let stored = 0;
    let at = 0;
    for (const { length } of groups) {
      if (!replies.slice(at, at + length).some((reply) => reply instanceof Error)) stored++;
      at += length;
    }

    return { stored, failure: firstError(replies) };
  }

  #set({ key, stored, ttl }: EncodedEntry): Command {
    const full = this.storedKey(key);
    return ttl === null ? ['SET', full, stored] : ['SET', full, stored, 'EX', ttl];
  }

  /**
   * Send commands after those that list the entry under its tags. Where keys are on several servers, wait for the
   * answers in between: if one of them fails, the entry must not be written, because no flush of the tag would find it.
   * @returns the replies to `commands`
   * @throws the first error reply to `before`
   */
  async #sendAfter(before: readonly Command[], commands: readonly Command[]): Promise<Array<Error | Reply>> {
    const { connection } = this;
    const isApart = connection.keysApart && before.length > 0;
    const first = await connection.batch(isApart ? before : [...before, ...commands]);
    for (const reply of first.slice(0, before.length)) given(reply);
    return isApart ? connection.batch(commands) : first.slice(before.length);
  }

  async #wrongType(key: string): Promise<WrongTypeError> {
    return wrongType(key, String(await this.connection.call('TYPE', this.storedKey(key))));
  }
}

function firstError(replies: ReadonlyArray<Error | Reply>): Error | undefined {
  return replies.find((reply) => reply instanceof Error);
}
