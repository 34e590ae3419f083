import type { Ttl } from '../../contract/store.js';

import { CachectlError, RefusedError, UnsupportedError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { tooLarge, withOldRemoved, withoutCas } from '../errors.js';

/** An item as the server stores it. */
export interface Item {
  readonly value: Buffer;
  readonly flags: number;
  /** Changes with every write. 0 if the server runs without CAS. */
  readonly cas: bigint;
  /** Seconds left, null for never. Undefined if the protocol does not report it. */
  readonly ttl: Ttl | undefined;
  /** Seconds since the last use, from `MetaNode.look`. */
  readonly idle?: number;
}

/** A write under a full key. */
export interface Write {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  /** In Memcached's form; see `expiryOf`. */
  readonly expiry: number;
}

/** The increment of a number. Its TTL stays. */
export interface CounterUpdate {
  readonly key: Buffer;
  /** The current item. */
  readonly held: Item;
  readonly by: bigint;
  /** The result, unless another client writes in between. */
  readonly sum: bigint;
  /** `sum` in stored form. */
  readonly value: Buffer;
  readonly flags: number;
}

/** One server, over any protocol. */
export abstract class Node {
  readonly location: string;
  #largest: Promise<number | undefined> | undefined;

  constructor(location: string) {
    this.location = location;
  }

  /** Connect and log in. */
  abstract ready(): Promise<void>;

  /** The item of each key, or why it cannot be read. One round trip. */
  abstract read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>>;

  /** False if there is no such item. */
  abstract touch(key: Buffer, expiry: number): Promise<boolean>;

  /** For each key, whether it existed, or the error. One round trip. */
  abstract remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>>;

  /** False if the item has changed or is gone. */
  abstract removeIfSame(key: Buffer, item: Item): Promise<boolean>;

  /** Returns the new number. Undefined if the item has changed or is gone. Keeps the TTL. */
  abstract updateCounter(count: CounterUpdate): Promise<bigint | undefined>;

  /**
   * False if the item has changed or is gone. Keeps the TTL.
   * @throws UnsupportedError if the protocol does not report the TTL
   */
  async replace(_write: Omit<Write, 'expiry'>, _held: Item): Promise<boolean> {
    throw new UnsupportedError(
      'Memcached reports the TTL of an item only to meta commands, so the value cannot be replaced',
      'Store it with a new TTL: cachectl put KEY VALUE --ttl 10m',
    );
  }

  /** Remove all items of the server. */
  abstract clear(): Promise<void>;

  abstract close(): void;

  /** The statistics of a group such as `settings`, by name. */
  abstract stats(of: string): Promise<ReadonlyMap<string, string>>;

  /**
   * Store items. Returns undefined for each stored one, otherwise the error. One round trip. Items over the known size
   * limit are not sent.
   */
  async put(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    const refused = new Map<Write, CachectlError | undefined>();
    for (const write of writes) if (write.value.length > LARGE) refused.set(write, await this.#refusal(write));
    const sent = refused.size === 0 ? writes : writes.filter((write) => refused.get(write) === undefined);
    const errors = await this.store(sent);
    const answers = new Map(
      await Promise.all(sent.map(async (write, at) => [write, await this.#setFailure(write, errors[at])] as const)),
    );
    return writes.map((write) => refused.get(write) ?? answers.get(write));
  }

  /** False if the key exists. */
  async add(write: Write): Promise<boolean> {
    await this.#check(write);
    try {
      return await this.storeNew(write);
    } catch (error) {
      throw error instanceof TooLarge ? await this.#tooLarge(write, false) : error;
    }
  }

  /** False if the item has changed or is gone. */
  async replaceIfSame(write: Write, item: Item): Promise<boolean> {
    await this.#check(write);
    try {
      return await this.storeIfSame(write, item);
    } catch (error) {
      throw error instanceof TooLarge ? await this.#tooLarge(write, false) : error;
    }
  }

  /** The number of all items on the server. */
  async count(): Promise<number> {
    return Number((await this.stats('')).get('curr_items') ?? 0);
  }

  /** Like `put`; returns `TooLarge` for items that are too large. */
  protected abstract store(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>>;

  /** Like `add`. @throws TooLarge */
  protected abstract storeNew(write: Write): Promise<boolean>;

  /** Like `replaceIfSame`. @throws TooLarge */
  protected abstract storeIfSame(write: Write, item: Item): Promise<boolean>;

  /** @throws RefusedError if the server runs without CAS */
  protected checked(cas: bigint): bigint {
    if (cas === 0n) throw withoutCas(this.location);
    return cas;
  }

  async #check(write: Write): Promise<void> {
    const refusal = write.value.length > LARGE ? await this.#refusal(write) : undefined;
    if (refusal) throw refusal;
  }

  /** The error if the item is over the known size limit. */
  async #refusal(write: Write): Promise<CachectlError | undefined> {
    const limit = await this.#limit();
    return limit === undefined || sizeOf(write) + MIN_HEADER <= limit ? undefined : this.#tooLarge(write, false);
  }

  /** A refused `set` removes the old value. */
  async #setFailure(write: Write, error: CachectlError | undefined): Promise<CachectlError | undefined> {
    if (error instanceof TooLarge) return this.#tooLarge(write, true);
    return error instanceof RefusedError && /out of memory/.test(error.message) ? withOldRemoved(error) : error;
  }

  async #tooLarge(write: Write, isOldRemoved: boolean): Promise<CachectlError> {
    const [size, limit] = [sizeOf(write), await this.#limit()];
    return tooLarge(this.location, printKey(keyFromBytes(write.key)), { size, limit, isOldRemoved });
  }

  /** The item size limit in bytes, requested once. Undefined if the server does not report it. */
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

/** The server refused an item because of its size. `Node` turns it into an error with the key and the limit. */
export class TooLarge extends RefusedError {
  constructor(location: string) {
    super(`an item is too large for ${location}`, 'Store less under one key.');
  }
}

/** Above this size, in bytes, the limit is requested first. The default limit is 1 MiB. */
const LARGE = 500_000;

/** The minimum size of an item's header in bytes. */
const MIN_HEADER = 48;

function sizeOf({ key, value }: Write): number {
  return key.length + value.length;
}
