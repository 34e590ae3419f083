import type { FileHandle } from 'node:fs/promises';

import { createHash, randomUUID } from 'node:crypto';
import { chmod, chown, link, mkdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { systemCode } from '../../system-errors.js';
import { valueLimit } from '../../value-limit.js';
import { keyToBytes } from '../entries/key-text.js';
import { type Content, DIGITS, isLive, parseContent, renderExpiry } from './content.js';
import { namingFile, notAnEntry, tooLarge, translating, unlessMissing } from './errors.js';
import { flock, lockProgram } from './flock.js';
import { type OpenFile, openFile } from './open-file.js';

/** What to do with a file: `next` replaces its content, null removes it, undefined keeps it. */
export interface Decision<T> {
  readonly result: T;
  readonly next?: Content | null;
}

/** The names of cachectl's temporary files, beside the file that each becomes: its hash and a random UUID. */
export const TEMPORARY = /^\.[\da-f]{40}\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

const NOTHING = undefined;

type Decide<T> = (held: Content | undefined) => Decision<T>;

/**
 * A folder in Laravel's layout: `ab/cd/abcd…`, the SHA-1 of the key. Changes that depend on the current content are
 * made in place, under the file lock of Laravel's `add`: a rename would replace a file that PHP may have open and
 * locked. All other writes go to a temporary file, which is renamed.
 */
export class Folder {
  readonly path: string;
  readonly #timeoutMs: number;
  readonly #mode: number | undefined;

  /** `mode` is what Laravel sets on new files and folders; undefined leaves it to the umask. */
  constructor(path: string, timeoutMs: number, mode: number | undefined) {
    this.path = path;
    this.#timeoutMs = timeoutMs;
    this.#mode = mode;
  }

  fileOf(key: string): string {
    const hash = createHash('sha1').update(keyToBytes(key)).digest('hex');
    return path.join(this.path, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  /** Read the content of a key, expired or not. @throws WrongTypeError */
  async read(key: string): Promise<Content | undefined> {
    const file = this.fileOf(key);
    return translating(this.path, async () => {
      const opened = await unlessMissing(openFile(file));
      if (opened === undefined) return;
      return closing(opened.handle, async () => this.#content(opened, file));
    });
  }

  /** Read the content of a key. Undefined if it has expired. */
  async live(key: string): Promise<Content | undefined> {
    return whileLive(await this.read(key));
  }

  /** Replace the content of a key, whatever it is. */
  async write(key: string, content: Content): Promise<void> {
    await translating(this.path, async () => this.#place(this.fileOf(key), content, false));
  }

  /** Remove the file of a key. Takes no lock, like Laravel. False if there is no file. */
  async remove(key: string): Promise<boolean> {
    return translating(this.path, async () => {
      const removed = await unlessMissing(unlink(this.fileOf(key)).then(() => true));
      return removed === true;
    });
  }

  /** Change the file of a key, depending on its live content. `decide` may be called several times. */
  async change<T>(key: string, decide: Decide<T>): Promise<T> {
    const file = this.fileOf(key);
    return translating(this.path, async () => {
      for (;;) {
        const done = (await this.#changeExisting(file, decide)) ?? (await this.#changeMissing(file, decide));
        if (done) return done.result;
      }
    });
  }

  /** Undefined if there is no file, or if another process replaces it in the meantime. */
  async #changeExisting<T>(file: string, decide: Decide<T>): Promise<Decision<T> | undefined> {
    const opened = await unlessMissing(openFile(file, 'change'));
    if (opened === undefined) return undefined;
    const { handle } = opened;
    return closing(handle, async () => {
      // Fast path: usually nothing changes, because the lock is held or the key exists.
      const early = decide(whileLive(await this.#content(opened, file)));
      if (early.next === undefined) return early;
      await flock(handle, 'exclusive', file, this.#timeoutMs);
      if (!(await isAt(handle, file))) return;
      const held = whileLive(contentOf(await readAll(handle, file), file));
      const decision = decide(held);
      if (decision.next) await overwrite(handle, decision.next);
      else if (decision.next === null && held) await unlink(file);
      return decision;
    });
  }

  /** Undefined if another process creates the file first. */
  async #changeMissing<T>(file: string, decide: Decide<T>): Promise<Decision<T> | undefined> {
    const decision = decide(NOTHING);
    if (!decision.next) return decision;
    try {
      await this.#place(file, decision.next, true);
      return decision;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return undefined;
      throw error;
    }
  }

  /** Read the content. If it may be incomplete, wait for the writer, which holds the file lock. */
  async #content({ handle, stats }: OpenFile, file: string): Promise<Content | undefined> {
    const { size, mtimeMs } = stats;
    const bytes = await readAll(handle, file, size);
    const after = await handle.stat();
    const isWhole = bytes.length > DIGITS && after.size === size && after.mtimeMs === mtimeMs;
    if (isWhole && parseContent(bytes) !== 'blank') return contentOf(bytes, file);
    if (lockProgram() === undefined) return contentOf(bytes, file);
    await flock(handle, 'shared', file, this.#timeoutMs);
    return contentOf(await readAll(handle, file), file);
  }

  /** Write a file. With `isNew`, fail if it exists. Otherwise replace it, and keep its mode and owner. */
  async #place(file: string, content: Content, isNew: boolean): Promise<void> {
    const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}`);
    const bytes = Buffer.concat([renderExpiry(content.expiry), content.stored]);
    const attempt = async (): Promise<true> => {
      try {
        // On a full disk, this leaves a part.
        await writeFile(temporary, bytes, { flag: 'wx' });
        await this.#adopt(temporary, isNew ? undefined : await unlessMissing(stat(file)));
        await namingFile(file, isNew ? link(temporary, file) : rename(temporary, file));
      } catch (error) {
        await unlessMissing(unlink(temporary));
        throw error;
      }

      if (isNew) await unlessMissing(unlink(temporary));
      return true;
    };

    if (await unlessMissing(attempt())) return;
    // The folder is missing: Laravel's flush removes folders too.
    await this.#makeFolders(path.dirname(file));
    await attempt();
  }

  async #makeFolders(folder: string): Promise<void> {
    await mkdir(this.path, { recursive: true });
    for (const each of [path.dirname(folder), folder]) {
      try {
        await mkdir(each);
        await this.#adopt(each);
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** Set mode and owner so the application can write too. When run as root, give the file to the folder's owner. */
  async #adopt(created: string, like?: { readonly mode: number; readonly uid: number; readonly gid: number }) {
    const mode = this.#mode ?? (like && like.mode & 0o777);
    if (mode !== undefined) await chmod(created, mode);
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = like ?? (await stat(this.path));
    if (uid !== 0 || gid !== 0) await chown(created, uid, gid);
  }
}

function contentOf(bytes: Buffer, file: string): Content | undefined {
  const content = parseContent(bytes);
  if (content === 'foreign') throw notAnEntry(file);
  return content === 'blank' ? undefined : content;
}

function whileLive(content: Content | undefined): Content | undefined {
  return content && isLive(content.expiry) ? content : undefined;
}

/** Whether the open file is still at its path, not removed or replaced. */
async function isAt(handle: FileHandle, file: string): Promise<boolean> {
  const [ours, theirs] = [await handle.stat(), await unlessMissing(stat(file))];
  return ours.ino === theirs?.ino && ours.dev === theirs.dev;
}

/** Write the value before the expiry: until then the file is blank, or keeps its old expiry. */
async function overwrite(handle: FileHandle, { expiry, stored }: Content): Promise<void> {
  const { size } = await handle.stat();
  if (size > DIGITS + stored.length) await handle.truncate(DIGITS);
  await handle.write(stored, 0, stored.length, DIGITS);
  await handle.write(renderExpiry(expiry), 0, DIGITS, 0);
}

async function readAll(handle: FileHandle, file: string, size?: number): Promise<Buffer> {
  const length = size ?? (await handle.stat()).size;
  if (length > valueLimit() + DIGITS) throw tooLarge(file, length);
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }

  return buffer.subarray(0, filled);
}

async function closing<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await handle.close();
  }
}
