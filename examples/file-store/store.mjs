// @ts-check
import { batches, increased, WrongTypeError } from 'cachectl';

import { expiryOf, ttlOf } from './content.mjs';
import { forEach } from './files.mjs';
import { FileLock } from './locks.mjs';

/**
 * @import { BulkOptions, Codec, DriverStore, Entry, FlushOptions, NewEntry, Reading, Traits, Ttl, Value } from 'cachectl'
 * @import { Content } from './content.mjs'
 * @import { Files } from './files.mjs'
 */

/**
 * The configuration of a store.
 * @typedef {object} Context
 * @property {Files} files the files of entries
 * @property {Files} lockFiles the files of locks: the same, or those of another folder
 * @property {string} lockPrefix the prefix of lock names, after `prefix`
 * @property {Codec} codec the codec of values
 * @property {string} prefix the prefix of all keys
 */

/** The prefix of the key where Cache::flexible records the creation time of an entry. */
const FLEXIBLE_HEAD = 'illuminate:cache:flexible:created:';

/**
 * The cache of Laravel's `file` driver. A file does not contain its key, so there is no `keys`, and cachectl refuses to
 * flush by prefix. Laravel's driver has no tags.
 * @implements {DriverStore}
 */
export class FileStore {
  driver = 'file-store';
  #context;

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.location = context.files.folder;
    this.prefix = context.prefix;
    /** @type {Traits} */
    this.traits = { ttls: true, lockStorage: context.lockFiles === context.files ? 'among-entries' : 'separate' };
  }

  /** @param {string} key */
  async get(key) {
    const content = await this.#context.files.read(this.#full(key));
    return content && this.#entry(content);
  }

  /** @param {readonly string[]} keys */
  async many(keys) {
    return forEach(keys, async (key) => this.#reading(key));
  }

  /**
   * @param {string} key
   * @param {Value} value
   * @param {Ttl} ttl
   */
  async put(key, value, ttl) {
    await this.#write(key, this.#context.codec.encode(value), ttl);
  }

  /**
   * @param {AsyncIterable<NewEntry> | Iterable<NewEntry>} entries
   * @param {BulkOptions} [options]
   */
  async putMany(entries, { signal, onProgress } = {}) {
    let done = 0;
    signal?.throwIfAborted();
    for await (const batch of batches(entries, (value) => this.#context.codec.encode(value))) {
      // The last entry of a repeated key wins.
      const last = new Map(batch.map((entry) => [entry.key, entry]));
      await forEach([...last.values()], async ({ key, stored, ttl }) => this.#write(key, stored, ttl));
      done += batch.length;
      onProgress?.({ done });
      signal?.throwIfAborted();
    }

    return done;
  }

  /**
   * @param {string} key
   * @param {Value} value
   * @param {Ttl} ttl
   */
  async add(key, value, ttl) {
    const next = { expiry: expiryOf(ttl), stored: this.#context.codec.encode(value) };
    return this.#context.files.change(this.#full(key), (held) => (held ? { result: false } : { result: true, next }));
  }

  /**
   * @param {string} key
   * @param {bigint} by
   */
  async increment(key, by) {
    const { codec, files } = this.#context;
    return files.change(this.#full(key), (held) => {
      const result = increased(key, by, held && (() => codec.decode(held.stored)));
      const stored = codec.encode({ type: 'integer', value: result });
      return { result, next: { expiry: held?.expiry ?? expiryOf(null), stored } };
    });
  }

  /**
   * @param {string} key
   * @param {Ttl} ttl
   */
  async touch(key, ttl) {
    return this.#context.files.change(this.#full(key), (held) =>
      held ? { result: true, next: { ...held, expiry: expiryOf(ttl) } } : { result: false },
    );
  }

  /** @param {readonly string[]} keys */
  async forget(keys) {
    return forEach(keys, async (key) => {
      const held = await this.#remove(key);
      return held !== undefined;
    });
  }

  /** @param {string} key */
  async pull(key) {
    const content = await this.#remove(key);
    return content && this.#entry(content);
  }

  /** @param {FlushOptions} options */
  async flush({ dryRun, signal, onProgress }) {
    signal?.throwIfAborted();
    let removed = 0;
    for (const files of new Set([this.#context.files, this.#context.lockFiles])) {
      for await (const hashes of files.hashes()) {
        const wereLive = await forEach(hashes, async (hash) => (dryRun ? files.isLive(hash) : files.remove(hash)));
        removed += wereLive.filter(Boolean).length;
        onProgress?.({ done: removed });
        signal?.throwIfAborted();
      }
    }

    return { removed, keptLocks: 0 };
  }

  /** @param {string} name */
  lock(name) {
    return new FileLock(this.#context.lockFiles, this.#full(this.#context.lockPrefix + name));
  }

  async close() {
    const closing = [this.#context.files, this.#context.lockFiles].map(async (files) => files.close());
    // A leftover process file is harmless.
    await Promise.allSettled(closing);
  }

  /**
   * Remove an entry and its creation time of Cache::flexible, like Laravel.
   * @param {string} key
   */
  async #remove(key) {
    const { files } = this.#context;
    const content = await files.change(this.#full(key), (held) => ({ result: held, next: null }));
    if (content) await files.change(this.#full(FLEXIBLE_HEAD + key), () => ({ result: undefined, next: null }));
    return content;
  }

  /** @param {string} key */
  #full(key) {
    return this.prefix + key;
  }

  /**
   * @param {string} key
   * @param {Buffer} stored
   * @param {Ttl} ttl
   */
  async #write(key, stored, ttl) {
    const next = { expiry: expiryOf(ttl), stored };
    return this.#context.files.change(this.#full(key), () => ({ result: undefined, next }));
  }

  /**
   * @param {string} key
   * @returns {Promise<Reading>}
   */
  async #reading(key) {
    try {
      return await this.get(key);
    } catch (error) {
      if (error instanceof WrongTypeError) return error;
      throw error;
    }
  }

  /**
   * @param {Content} content
   * @returns {Entry}
   */
  #entry(content) {
    const { stored } = content;
    return { stored, ttl: ttlOf(content), decode: () => this.#context.codec.decode(stored) };
  }
}
