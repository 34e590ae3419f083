// @ts-check
import { keyToBytes, WrongTypeError } from 'cachectl';
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isLive, parse, render } from './content.mjs';
import { codeOf, notAnEntry, told, unlessMissing } from './errors.mjs';
import { Guard } from './guard.mjs';

/** @import { Content } from './content.mjs' */

/**
 * What becomes of a file: `next` takes its place; null removes it; undefined leaves it as it is.
 * @template T
 * @typedef {{ readonly result: T, readonly next?: Content | null }} Decision
 */

/** How long a file may stay empty while PHP, which writes in place, is at it. */
const WRITTEN_WITHIN_MS = 1000;

/** Files at once: enough to keep the disk busy, and far from the limit of open files. */
const AT_ONCE = 32;

/**
 * Files in Laravel's layout: `ab/cd/abcd…`, the SHA-1 of the key with its prefix. A file is written aside and put in
 * place whole, so that whoever reads has the old one or the new. The folder `.cachectl` in it, which Laravel's own
 * flush passes by, holds what is being written, and the guards.
 */
export class Files {
  #guard;

  /**
   * @param {string} folder
   * @param {number} timeoutMs
   */
  constructor(folder, timeoutMs) {
    this.folder = folder;
    this.#guard = new Guard(this.#aside, timeoutMs);
  }

  /**
   * What lives under a key.
   * @param {string} key
   * @returns {Promise<Content | undefined>}
   */
  async read(key) {
    return this.#live(hashOf(key));
  }

  /**
   * Puts something else in the place of what lives under a key, while every other cachectl waits.
   * @template T
   * @param {string} key
   * @param {(held: Content | undefined) => Decision<T>} decide
   * @returns {Promise<T>}
   */
  async change(key, decide) {
    const hash = hashOf(key);
    const file = this.#fileOf(hash);
    return this.#telling(async () =>
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
   * Of all files, those that have expired too, some at a time. The keys are not to be had.
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
   * Whatever it holds. Says whether that was an entry, or a lock, that still lived.
   * @param {string} hash
   */
  async remove(hash) {
    return this.#telling(async () =>
      this.#guard.hold(hash, async () => {
        const lived = await this.lives(hash);
        await unlessMissing(unlink(this.#fileOf(hash)));
        return lived;
      }),
    );
  }

  /** @param {string} hash */
  async lives(hash) {
    try {
      return (await this.#live(hash)) !== undefined;
    } catch (error) {
      if (error instanceof WrongTypeError) return false;
      throw error;
    }
  }

  /** Nothing stays behind. */
  async close() {
    await this.#guard.close();
  }

  get #aside() {
    return path.join(this.folder, '.cachectl');
  }

  /** @param {string} hash */
  #fileOf(hash) {
    return path.join(this.folder, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  /** @param {string} hash */
  async #live(hash) {
    return this.#telling(async () => whileLive(await this.#content(this.#fileOf(hash))));
  }

  /**
   * False when there was no file and PHP made one meanwhile, which knows nothing of our guard.
   * @param {string} file
   * @param {Content} next
   * @param {Content | 'empty' | undefined} found
   */
  async #write(file, next, found) {
    const aside = path.join(this.#aside, randomUUID());
    try {
      await inFolder(this.#aside, async () => writeFile(aside, render(next)));
      await inFolder(path.dirname(file), async () => (found ? rename(aside, file) : link(aside, file)));
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await unlessMissing(unlink(aside));
    }
  }

  /**
   * Undefined: there is no file. `empty`: there is one, and PHP ended before it wrote to it.
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
      if (written && Date.now() - written.mtimeMs > WRITTEN_WITHIN_MS) return 'empty';
      await sleep(5);
    }
  }

  /**
   * @param {string} folder
   * @param {RegExp} pattern
   */
  async #names(folder, pattern) {
    const names = await this.#telling(async () => unlessMissing(readdir(path.join(this.folder, folder))));
    return (names ?? []).filter((name) => pattern.test(name));
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  async #telling(work) {
    try {
      return await work();
    } catch (error) {
      throw told(error, this.folder);
    }
  }
}

/**
 * Some of the items at a time, all in the end; the answers are in the order of the items.
 * @template Item, Answer
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Answer>} work
 */
export async function forEach(items, work) {
  /** @type {Answer[]} */
  const answers = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map((item) => work(item)))));
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
 * Makes the folder when it turns out to be missing.
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
