// @ts-check
import { openCodec, string, WrongTypeError } from 'cachectl';

import { expiryOf, ttlOf } from './content.mjs';

/**
 * @import { Lock, Ttl } from 'cachectl'
 * @import { Content } from './content.mjs'
 * @import { Files } from './files.mjs'
 */

/** Laravel serializes the owner, whatever the codec of values. */
const codec = openCodec('php');

/**
 * A lock: an entry whose value is the owner, as in Laravel's FileStore.
 * @implements {Lock}
 */
export class FileLock {
  #files;
  #key;

  /**
   * @param {Files} files
   * @param {string} key
   */
  constructor(files, key) {
    this.#files = files;
    this.#key = key;
  }

  /**
   * @param {string} owner
   * @param {Ttl} ttl
   */
  async acquire(owner, ttl) {
    const next = { expiry: expiryOf(ttl), stored: codec.encode(string(owner)) };
    return this.#files.change(this.#key, (held) => (held ? { result: false } : { result: true, next }));
  }

  /** @param {string} owner */
  async release(owner) {
    return this.#files.change(this.#key, (held) =>
      this.#isHeldBy(owner, held) ? { result: true, next: null } : { result: false },
    );
  }

  async forceRelease() {
    return this.#files.change(this.#key, (held) => ({ result: held !== undefined, next: null }));
  }

  /**
   * @param {string} owner
   * @param {Ttl} ttl
   */
  async refresh(owner, ttl) {
    return this.#files.change(this.#key, (held) =>
      held && this.#isHeldBy(owner, held)
        ? { result: true, next: { ...held, expiry: expiryOf(ttl) } }
        : { result: false },
    );
  }

  async holder() {
    const held = await this.#files.read(this.#key);
    return held && { owner: this.#ownerOf(held), ttl: ttlOf(held) };
  }

  /**
   * @param {string} owner
   * @param {Content | undefined} held
   */
  #isHeldBy(owner, held) {
    return held !== undefined && this.#ownerOf(held) === owner;
  }

  /** @param {Content} held */
  #ownerOf({ stored }) {
    const value = codec.decode(stored);
    if (value.type === 'string') return value.value.toString();
    throw new WrongTypeError(`"${this.#key}" holds an entry, not a lock`, 'Name the lock as the application does.');
  }
}
