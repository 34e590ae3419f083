import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Item, Node } from '../protocol/node.js';
import type { Values } from '../values.js';

import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { valueOrThrow } from '../entries.js';
import { expiryOf } from '../expiry.js';

/** Laravel's lock: a key under the cache's prefix whose value is the owner, unserialized. */
export class MemcachedLock implements Lock {
  readonly #node: Node;
  readonly #key: Buffer;
  readonly #values: Values;
  readonly #checkWrite: () => void;

  constructor({ connection, keys, values }: MemcachedContext, name: string) {
    this.#key = keys.full(name);
    this.#checkWrite = () => keys.fullToWrite(name);
    this.#values = values;
    this.#node = connection.at(this.#key);
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    // A lock that the application cannot read would not exclude it.
    this.#checkWrite();
    return this.#node.add({ key: this.#key, value: keyToBytes(owner), flags: 0, expiry: expiryOf(ttl) });
  }

  async release(owner: string): Promise<boolean> {
    return this.#whileHeld(owner, async (held) => this.#node.removeIfSame(this.#key, held));
  }

  async forceRelease(): Promise<boolean> {
    const [wasThere] = await this.#node.remove([this.#key]);
    return valueOrThrow(wasThere!);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#whileHeld(owner, async (held) => {
      const { value, flags } = held;
      return this.#node.replaceIfSame({ key: this.#key, value, flags, expiry: expiryOf(ttl) }, held);
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    const held = await this.#held();
    if (held === undefined) return undefined;
    const owner = await this.#values.bareBytes(held);
    return { owner: keyFromBytes(owner), ttl: held.ttl };
  }

  /**
   * Compare and swap, so that a lock that expired and now has another owner is not changed. If the item changed in
   * between, the same owner may have refreshed it: try again.
   */
  async #whileHeld(owner: string, change: (held: Item) => Promise<boolean>): Promise<boolean> {
    const token = keyToBytes(owner);
    for (;;) {
      const held = await this.#held();
      if (held === undefined || !(await this.#values.bareBytes(held)).equals(token)) return false;
      if (await change(held)) return true;
    }
  }

  async #held(): Promise<Item | undefined> {
    const [item] = await this.#node.read([this.#key]);
    return valueOrThrow(item);
  }
}
