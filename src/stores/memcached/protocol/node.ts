import type { Ttl } from '../../contract/store.js';

import { CachectlError, RefusedError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { tooLarge, withOldGone, withoutCas } from '../errors.js';

/** What one key holds, as the server has it. */
export interface Item {
  readonly value: Buffer;
  readonly flags: number;
  /** Changes with every write; 0 where the server keeps none. */
  readonly cas: bigint;
  /** Seconds left, null for never; undefined where the protocol does not tell. */
  readonly ttl: Ttl | undefined;
  /** Seconds since the last use; of a look. */
  readonly idle?: number;
}

/** What is to be written under a full key. */
export interface Write {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  /** As Memcached takes it; see `expiryOf`. */
  readonly expiry: number;
}

/** What is to stand in the place of a number, whose ttl stays. */
export interface Count {
  readonly key: Buffer;
  readonly held: Item;
  readonly by: bigint;
  /** What it becomes, unless somebody else writes meanwhile. */
  readonly sum: bigint;
  /** `sum`, as it is stored. */
  readonly value: Buffer;
  readonly flags: number;
}

/** One server, whatever it is spoken to. */
export abstract class Node {
  readonly location: string;
  #largest: Promise<number | undefined> | undefined;

  constructor(location: string) {
    this.location = location;
  }

  /** Connects, and logs in. */
  abstract ready(): Promise<void>;

  /** What each key holds, or why it cannot be read. One round trip. */
  abstract read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>>;

  /** False when the key was not there. */
  abstract touch(key: Buffer, expiry: number): Promise<boolean>;

  /** For each key whether it was there, or why that cannot be said. One round trip. */
  abstract remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>>;

  /** False when the key holds something else by now, or nothing. */
  abstract removeIfSame(key: Buffer, item: Item): Promise<boolean>;

  /** Keeps the ttl. What it is by then; undefined when the key holds something else by now, or nothing. */
  abstract recount(count: Count): Promise<bigint | undefined>;

  /** Everything goes, whoever put it there. */
  abstract clear(): Promise<void>;

  abstract close(): void;

  /** What `stats` says, by name; of `settings`, say. */
  abstract stats(of: string): Promise<ReadonlyMap<string, string>>;

  /** Undefined for what is stored, else why it is not. One round trip, and none for what the server would refuse. */
  async put(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    const refused = new Map<Write, CachectlError | undefined>();
    for (const write of writes) if (write.value.length > LARGE) refused.set(write, await this.#refusal(write));
    const sent = refused.size === 0 ? writes : writes.filter((write) => refused.get(write) === undefined);
    const errors = await this.store(sent);
    const answers = new Map(
      await Promise.all(sent.map(async (write, at) => [write, await this.#lost(write, errors[at])] as const)),
    );
    return writes.map((write) => refused.get(write) ?? answers.get(write));
  }

  /** False when the key was there. */
  async add(write: Write): Promise<boolean> {
    await this.#check(write);
    try {
      return await this.storeNew(write);
    } catch (error) {
      throw error instanceof TooLarge ? await this.#tooLarge(write, false) : error;
    }
  }

  /** False when the key holds something else by now, or nothing. */
  async replaceIfSame(write: Write, item: Item): Promise<boolean> {
    await this.#check(write);
    try {
      return await this.storeIfSame(write, item);
    } catch (error) {
      throw error instanceof TooLarge ? await this.#tooLarge(write, false) : error;
    }
  }

  /** How many items it holds, whoever put them there. */
  async count(): Promise<number> {
    return Number((await this.stats('')).get('curr_items') ?? 0);
  }

  /** As `put`; `TooLarge` of what is too large. */
  protected abstract store(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>>;

  /** As `add`. @throws TooLarge */
  protected abstract storeNew(write: Write): Promise<boolean>;

  /** As `replaceIfSame`. @throws TooLarge */
  protected abstract storeIfSame(write: Write, item: Item): Promise<boolean>;

  /** @throws RefusedError when the server has none */
  protected checked(cas: bigint): bigint {
    if (cas === 0n) throw withoutCas(this.location);
    return cas;
  }

  async #check(write: Write): Promise<void> {
    const refusal = write.value.length > LARGE ? await this.#refusal(write) : undefined;
    if (refusal) throw refusal;
  }

  /** Why the server would not take it, as far as that is known; asked for once. */
  async #refusal(write: Write): Promise<CachectlError | undefined> {
    const limit = await this.#limit();
    return limit === undefined || sizeOf(write) + LEAST_HEADER <= limit ? undefined : this.#tooLarge(write, false);
  }

  /** A refused `set` removes what was there. */
  async #lost(write: Write, error: CachectlError | undefined): Promise<CachectlError | undefined> {
    if (error instanceof TooLarge) return this.#tooLarge(write, true);
    return error instanceof RefusedError && /out of memory/.test(error.message) ? withOldGone(error) : error;
  }

  async #tooLarge(write: Write, isOldGone: boolean): Promise<CachectlError> {
    const [size, limit] = [sizeOf(write), await this.#limit()];
    return tooLarge(this.location, printKey(keyFromBytes(write.key)), { size, limit, isOldGone });
  }

  /** What one item may have, in bytes; undefined where the server does not tell. */
  async #limit(): Promise<number | undefined> {
    this.#largest ??= this.#askLimit();
    return this.#largest;
  }

  async #askLimit(): Promise<number | undefined> {
    try {
      const limit = Number((await this.stats('settings')).get('item_size_max'));
      return Number.isInteger(limit) && limit > 0 ? limit : undefined;
    } catch (error) {
      if (error instanceof CachectlError) return undefined;
      throw error;
    }
  }
}

/** What the server says of an item that it has no room for, whatever there was before; made whole by `Node`. */
export class TooLarge extends RefusedError {
  constructor(location: string) {
    super(`an item is too large for ${location}`, 'Store less under one key.');
  }
}

/** From so many bytes on it is worth asking for the limit, which is 1 MiB unless the server is told otherwise. */
const LARGE = 500_000;

/** What an item has besides key and value, in bytes, on any server. */
const LEAST_HEADER = 48;

function sizeOf({ key, value }: Write): number {
  return key.length + value.length;
}
