// @ts-check
import { keyToBytes, WrongTypeError } from 'cachectl';
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isLive, parse, render } from './content.mjs';
import { codeOf, notAnEntry, translated, unlessMissing } from './errors.mjs';
import { Guard } from './guard.mjs';

/** @import { Content } from './content.mjs' */

/**
 * What to do with a file: `next` replaces its content, null removes it, undefined keeps it.
 * @template T
 * @typedef {{ readonly result: T, readonly next?: Content | null }} Decision
 */

/** How long PHP may leave a file empty, in milliseconds: it writes in place. */
const PHP_WRITE_TIMEOUT_MS = 1000;

/** Concurrent file operations: enough to keep the disk busy, far below the limit of open files. */
const CONCURRENCY = 32;

/**
 * Files in Laravel's layout: `ab/cd/abcd…`, the SHA-1 of the prefixed key. Each file is written to a temporary path
 * and renamed, so readers see the old content or the new. Temporary files and guards are in the subfolder `.cachectl`,
 * which Laravel's flush ignores.
 */
export class Files {
  #guard;

  /**
   * @param {string} folder
   * @param {number} timeoutMs
   */
  constructor(folder, timeoutMs) {
    this.folder = folder;
    this.#guard = new Guard(this.#temporaryFolder, timeoutMs);
  }

  /**
   * Read the live content of a key.
   * @param {string} key
   * @returns {Promise<Content | undefined>}
   */
  async read(key) {
    return this.#live(hashOf(key));
  }

  /**
   * Change the live content of a key. Other cachectl processes wait.
   * @template T
   * @param {string} key
   * @param {(held: Content | undefined) => Decision<T>} decide
   * @returns {Promise<T>}
   */
  async change(key, decide) {
    const hash = hashOf(key);
    const file = this.#fileOf(hash);
    return this.#translating(async () =>
      this.#guard.hold(hash, async () => {
        for (;;) {
          const found = await this.#content(file);
          const { next, result } = decide(whileLive(found));
          if (next === null) await unlessMissing(unlink(file));
          if (!next || (await this.#write(file, next, found))) return result;
        }
      }),
    );
  }

  /**
   * Yield the hashes of all files in batches, expired ones too. A hash does not reveal its key.
   * @returns {AsyncGenerator<readonly string[]>}
   */
  async *hashes() {
    for (const first of await this.#names('', /^[\da-f]{2}$/)) {
      const folders = await this.#names(first, /^[\da-f]{2}$/);
      const names = await forEach(folders, async (second) => this.#names(path.join(first, second), /^[\da-f]{40}$/));
      yield names.flat();
    }
  }

  /**
   * Remove a file, whatever it holds. True if it held a live entry or lock.
   * @param {string} hash
   */
  async remove(hash) {
    return this.#translating(async () =>
      this.#guard.hold(hash, async () => {
        const wasLive = await this.isLive(hash);
        await unlessMissing(unlink(this.#fileOf(hash)));
        return wasLive;
      }),
    );
  }

  /** @param {string} hash */
  async isLive(hash) {
    try {
      return (await this.#live(hash)) !== undefined;
    } catch (error) {
      if (error instanceof WrongTypeError) return false;
      throw error;
    }
  }

  /** Remove this process's guard file. */
  async close() {
    await this.#guard.close();
  }

  get #temporaryFolder() {
    return path.join(this.folder, '.cachectl');
  }

  /** @param {string} hash */
  #fileOf(hash) {
    return path.join(this.folder, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  /** @param {string} hash */
  async #live(hash) {
    return this.#translating(async () => whileLive(await this.#content(this.#fileOf(hash))));
  }

  /**
   * False if PHP, which ignores the guard, created the file in the meantime.
   * @param {string} file
   * @param {Content} next
   * @param {Content | 'empty' | undefined} found
   */
  async #write(file, next, found) {
    const temporary = path.join(this.#temporaryFolder, randomUUID());
    try {
      await inFolder(this.#temporaryFolder, async () => writeFile(temporary, render(next)));
      await inFolder(path.dirname(file), async () => (found ? rename(temporary, file) : link(temporary, file)));
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await unlessMissing(unlink(temporary));
    }
  }

  /**
   * Undefined if there is no file. `empty` if PHP exited before it wrote to the file.
   * @param {string} file
   * @returns {Promise<Content | 'empty' | undefined>}
   */
  async #content(file) {
    for (;;) {
      const bytes = await unlessMissing(readFile(file));
      const content = bytes && parse(bytes);
      if (!bytes || content) return content;
      if (bytes.length >= 10) throw notAnEntry(file);
      const written = await unlessMissing(stat(file));
      if (written && Date.now() - written.mtimeMs > PHP_WRITE_TIMEOUT_MS) return 'empty';
      await sleep(5);
    }
  }

  /**
   * @param {string} folder
   * @param {RegExp} pattern
   */
  async #names(folder, pattern) {
    const names = await this.#translating(async () => unlessMissing(readdir(path.join(this.folder, folder))));
    return (names ?? []).filter((name) => pattern.test(name));
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  async #translating(work) {
    try {
      return await work();
    } catch (error) {
      throw translated(error, this.folder);
    }
  }
}

/**
 * Run `work` on each item, some at a time. The answers are in the order of the items.
 * @template Item, Answer
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Answer>} work
 */
export async function forEach(items, work) {
  /** @type {Answer[]} */
  const answers = [];
  for (let at = 0; at < items.length; at += CONCURRENCY) {
    answers.push(...(await Promise.all(items.slice(at, at + CONCURRENCY).map((item) => work(item)))));
  }

  return answers;
}

/** @param {string} key */
function hashOf(key) {
  return createHash('sha1').update(keyToBytes(key)).digest('hex');
}

/** @param {Content | 'empty' | undefined} content */
function whileLive(content) {
  return content && content !== 'empty' && isLive(content) ? content : undefined;
}

/**
 * Run `work`, and create the folder first if it is missing.
 * @param {string} folder
 * @param {() => Promise<void>} work
 */
async function inFolder(folder, work) {
  try {
    await work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true });
    await work();
  }
}
