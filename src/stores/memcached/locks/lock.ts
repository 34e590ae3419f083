import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Item, Node } from '../protocol/node.js';
import type { Values } from '../values.js';

import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { given } from '../entries.js';
import { expiryOf } from '../expiry.js';

/** Laravel's lock: a plain key, under the cache's prefix, that holds the owner as a bare string. */
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
    // A lock that the application cannot see would exclude nobody.
    this.#checkWrite();
    return this.#node.add({ key: this.#key, value: keyToBytes(owner), flags: 0, expiry: expiryOf(ttl) });
  }

  async release(owner: string): Promise<boolean> {
    return this.#whileHeld(owner, async (held) => this.#node.removeIfSame(this.#key, held));
  }

  async forceRelease(): Promise<boolean> {
    const [wasThere] = await this.#node.remove([this.#key]);
    return given(wasThere!);
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
   * Compares and swaps: a lock that expired and is somebody else's by now stays theirs. What was changed between the two
   * may have been refreshed by the same owner, so it is looked at again.
   */
  async #whileHeld(owner: string, change: (held: Item) => Promise<boolean>): Promise<boolean> {
    const ours = keyToBytes(owner);
    for (;;) {
      const held = await this.#held();
      if (held === undefined || !(await this.#values.bareBytes(held)).equals(ours)) return false;
      if (await change(held)) return true;
    }
  }

  async #held(): Promise<Item | undefined> {
    const [item] = await this.#node.read([this.#key]);
    return given(item);
  }
}
