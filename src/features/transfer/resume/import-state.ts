import type { FileHandle } from 'node:fs/promises';

import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { Store } from '../../../stores/contract/store.js';
import type { LineStart } from '../ndjson/line-reader.js';

import { InputError, UsageError } from '../../../errors.js';
import { warn } from '../../../terminal/output.js';
import { isSavedTally, type SavedTally, type Tally } from '../tally.js';

/** How often it is written at most, in milliseconds. To do again what came after it does no harm. */
const PAUSE_MS = 200;

/** Bytes at the beginning, and before where it goes on, by which the input is known again. */
const KNOWN_BY = 64 * 1024;

/**
 * How far an import has come, in a file beside its input, so that it can go on there when it was interrupted, by whatever.
 * It stands for what the store has acknowledged, and is gone when all is done.
 */
export class Checkpoint {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #target: string;
  #savedAt = -Infinity;
  #isWritten = false;
  #isImpossible = false;

  constructor(input: string, file: FileHandle, store: Store) {
    this.path = `${input}.import-state`;
    this.#file = file;
    this.#target = `${store.driver} ${store.location} ${store.prefix}`;
  }

  get isWritten(): boolean {
    return this.#isWritten;
  }

  /**
   * Where to go on; undefined where nothing was left. `tally` then counts on from there.
   * @throws UsageError when it is of something else
   */
  async resume(tally: Tally): Promise<LineStart | undefined> {
    const state = this.#read();
    if (state === undefined) return undefined;
    if (state.target !== this.#target) throw this.#ofSomethingElse(`an import into ${state.target}`);
    if (state.knownBy !== (await this.#knownBy(state.offset))) throw this.#ofSomethingElse('another input');
    tally.restore(state.tally);
    this.#isWritten = true;
    return { offset: state.offset, lines: state.lines };
  }

  /**
   * What an earlier import left is gone from now on, even if this one comes to nothing: who goes on later must not take it for
   * this one's, into a store that was emptied in between.
   * @throws InputError
   */
  beginAnew(): void {
    try {
      rmSync(this.path, { force: true });
    } catch (error) {
      const message = `${this.path}, which an earlier import left, cannot be removed (${codeOf(error)})`;
      throw new InputError(message, 'Nothing was stored. Remove it, or go on there with --resume.', { cause: error });
    }
  }

  /** What is acknowledged up to there. Written now and then, or at once where `atOnce`. */
  async note({ offset, lines }: LineStart, tally: Tally, atOnce = false): Promise<void> {
    if (this.#isImpossible || (!atOnce && performance.now() - this.#savedAt < PAUSE_MS)) return;
    const knownBy = await this.#knownBy(offset);
    const state: State = { version: 1, target: this.#target, knownBy, offset, lines, tally: tally.saved() };
    try {
      // Never through a link that somebody else has put there.
      rmSync(`${this.path}.new`, { force: true });
      writeFileSync(`${this.path}.new`, JSON.stringify(state), { flag: 'wx', mode: 0o600 });
      renameSync(`${this.path}.new`, this.path);
      this.#isWritten = true;
    } catch (error) {
      this.#isImpossible = true;
      warn(`${this.path} cannot be written (${codeOf(error)}): if this is interrupted, it begins anew`);
    }

    this.#savedAt = performance.now();
  }

  done(): void {
    if (this.#isWritten) rmSync(this.path, { force: true });
    this.#isWritten = false;
  }

  #read(): State | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }

    const state = parsed(text);
    if (state === undefined) throw this.#ofSomethingElse('no import');
    return state;
  }

  /** What is behind may change: it has not been read yet. */
  async #knownBy(offset: number): Promise<string> {
    const hash = createHash('sha256');
    for (const [start, end] of [
      [0, Math.min(KNOWN_BY, offset)],
      [Math.max(0, offset - KNOWN_BY), offset],
    ] as const) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(end - start), 0, end - start, start);
      hash.update(buffer.subarray(0, bytesRead));
    }

    return hash.digest('hex');
  }

  #ofSomethingElse(what: string): UsageError {
    return new UsageError(`${this.path} is of ${what}`, 'Import without --resume to begin anew, or remove that file.');
  }
}

interface State extends LineStart {
  readonly version: 1;
  readonly target: string;
  readonly knownBy: string;
  readonly tally: SavedTally;
}

function parsed(text: string): State | undefined {
  let state: Partial<State> | null;
  try {
    state = JSON.parse(text) as Partial<State> | null;
  } catch {
    return undefined;
  }

  if (state?.version !== 1 || !Number.isSafeInteger(state.offset) || !Number.isSafeInteger(state.lines))
    return undefined;
  return typeof state.target === 'string' && typeof state.knownBy === 'string' && isSavedTally(state.tally)
    ? (state as State)
    : undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
