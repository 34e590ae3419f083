// @ts-check
import { RefusedError } from 'cachectl';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * @import { Ttl } from 'cachectl'
 * @import { Database } from 'lmdb'
 * @typedef {{ readonly value: Buffer, readonly expiry: number }} Held expiry: Unix time in milliseconds, or Infinity
 */

/** Records that expire, which those of LMDB do not. Writes belong in a `transaction`: no other process writes then. */
export class Records {
  #database;

  /** @param {Database<Held, Buffer>} database */
  constructor(database) {
    this.#database = database;
  }

  /** @type {<T>(work: () => T) => Promise<T>} */
  async transaction(work) {
    return this.#database.transaction(work);
  }

  /** @param {Buffer} key */
  get(key) {
    const held = this.#database.get(key);
    return held && isLive(held) ? held : undefined;
  }

  /** @type {(key: Buffer, value: Buffer, expiry: number) => void} */
  put(key, value, expiry) {
    if (key.length === 0 || key.length > 1978) {
      throw new RefusedError(`LMDB stores keys of 1 to 1978 bytes, not ${key.length}`, 'Use another key.');
    }

    this.#database.put(key, { value, expiry });
  }

  /** @type {(key: Buffer, value: Buffer, expiry: number) => boolean} */
  add(key, value, expiry) {
    if (this.get(key)) return false;
    this.put(key, value, expiry);
    return true;
  }

  /** @type {(key: Buffer, expiry: number) => boolean} */
  touch(key, expiry) {
    const held = this.get(key);
    if (held) this.put(key, held.value, expiry);
    return held !== undefined;
  }

  /** @param {Buffer} key */
  remove(key) {
    const held = this.get(key);
    this.#database.remove(key);
    return held;
  }

  /**
   * Pages of the records whose keys begin with `head`, expired ones too. No transaction is open between two pages.
   * @param {Buffer} head
   */
  async *pages(head) {
    for (let last; ; await nextTurn()) {
      const page = [];
      let bytes = 0;
      for (const { key, value } of this.#database.getRange({ start: last ?? head, exclusiveStart: Boolean(last) })) {
        if (!key.subarray(0, head.length).equals(head) || page.length === 1000 || bytes > 1_000_000) break;
        page.push({ key, ...value });
        bytes += value.value.length;
        last = key;
      }

      if (page.length === 0) return;
      yield page;
    }
  }
}

/** @param {Held} held */
export function isLive({ expiry }) {
  return Date.now() < expiry;
}

/** @param {Ttl} ttl */
export function expiryOf(ttl) {
  return ttl === null ? Infinity : Date.now() + ttl * 1000;
}

/** @type {(held: Held) => Ttl} */
export function ttlOf({ expiry }) {
  return expiry === Infinity ? null : Math.max(1, Math.ceil((expiry - Date.now()) / 1000));
}
