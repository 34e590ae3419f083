// @ts-check
import { TimeoutError } from 'cachectl';
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf, unlessMissing } from './errors.mjs';

/**
 * Lets one process at a time change a file. Node has no flock(), so a guard is a hard link that only one process can
 * create. It links to a file that names the process, so others can remove the guard of a dead process.
 */
export class Guard {
  #folder;
  #timeoutMs;
  #token = randomBytes(8).toString('hex');

  /**
   * @param {string} folder
   * @param {number} timeoutMs
   */
  constructor(folder, timeoutMs) {
    this.#folder = folder;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} work
   */
  async hold(name, work) {
    const guard = path.join(this.#folder, `${name}.guard`);
    await this.#take(guard);
    try {
      return await work();
    } finally {
      await unlessMissing(unlink(guard));
    }
  }

  async close() {
    await unlessMissing(unlink(this.#processFile));
  }

  /** The file that names this process. Its guards link to it. */
  get #processFile() {
    return path.join(this.#folder, `${this.#token}.process`);
  }

  /** @param {string} guard */
  async #take(guard) {
    const deadline = performance.now() + this.#timeoutMs;
    while (!(await this.#create(guard))) {
      await removeIfDead(guard);
      if (performance.now() > deadline) {
        throw new TimeoutError(
          `${guard} was held by another process for ${this.#timeoutMs / 1000} s`,
          'Remove it if no cachectl is at work on this folder, on any machine.',
        );
      }

      await sleep(1 + Math.random() * 4);
    }
  }

  /**
   * Create the guard. False if it exists.
   * @param {string} guard
   */
  async #create(guard) {
    try {
      await link(this.#processFile, guard);
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') await this.#createProcessFile();
      else if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    }
  }

  async #createProcessFile() {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#processFile, `${process.pid} ${this.#token} ${hostname()}`);
  }
}

/**
 * Remove the guard of a dead process. Only the process that creates the claim file may do so. Otherwise two could
 * remove it, and the second would remove a new holder's guard.
 * @param {string} guard
 */
async function removeIfDead(guard) {
  const holder = await contentOf(guard);
  const [, pid, token, host] = /^(\d{1,10}) ([\da-f]{16}) (.*)$/s.exec(holder) ?? [];
  if (host !== hostname() || isAlive(Number(pid))) return;
  const claim = `${guard}.${token}`;
  try {
    await writeFile(claim, '', { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    throw error;
  }

  if ((await contentOf(guard)) === holder) await unlessMissing(unlink(guard));
  await unlessMissing(unlink(claim));
  await unlessMissing(unlink(path.join(path.dirname(guard), `${token}.process`)));
}

/** @param {string} file */
async function contentOf(file) {
  return (await unlessMissing(readFile(file, 'utf8'))) ?? '';
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process belongs to another user, and is alive.
    return codeOf(error) !== 'ESRCH';
  }
}
