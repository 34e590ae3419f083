import type { FileHandle } from 'node:fs/promises';

import { createHash } from 'node:crypto';

import type { Store } from '../../../stores/contract/store.js';
import type { Input } from '../input.js';
import type { LineStart } from '../ndjson/line-reader.js';

import { InputError, UsageError } from '../../../errors.js';
import { systemReason } from '../../../system-errors.js';
import { note } from '../../../terminal/output.js';
import { count } from '../../../terminal/progress.js';
import { isSavedTally, type SavedTally, type Tally } from '../tally.js';
import { Sidecar } from './sidecar.js';

interface ImportStart {
  readonly start: LineStart;
  /** Undefined where the input cannot be read again. */
  readonly checkpoint: Checkpoint | undefined;
}

interface StartOptions {
  readonly store: Store;
  readonly tally: Tally;
  readonly resume: boolean;
  readonly dryRun: boolean;
}

const FIRST_LINE: LineStart = { offset: 0, lines: 0 };

/**
 * Where an import starts, and what records its progress. To resume also restores the tally.
 * @throws UsageError when it cannot resume
 */
export async function importStart(
  path: string,
  { file }: Input,
  { store, tally, resume, dryRun }: StartOptions,
): Promise<ImportStart> {
  if (resume && dryRun) {
    throw new UsageError('--resume cannot be combined with --dry-run', 'Leave one of them out.');
  }

  if (file === undefined) {
    if (!resume) return { start: FIRST_LINE, checkpoint: undefined };
    throw new UsageError(
      `--resume does not work with ${path === '-' ? 'standard input' : `${path}, which is not a file`}`,
      'Import a file.',
    );
  }

  const checkpoint = new Checkpoint(path, file, store);
  const start = resume ? await checkpoint.restore(tally) : undefined;
  if (start !== undefined) note(`resuming after line ${count(start.lines)}`);
  return { start: start ?? FIRST_LINE, checkpoint };
}

/** The input is recognized by a hash of this many bytes at its beginning, and as many before the saved offset. */
const HASHED_BYTES = 64 * 1024;

/** Records in a file beside the input how much of it the store has acknowledged. */
export class Checkpoint {
  readonly #sidecar: Sidecar<ImportState>;
  readonly #file: FileHandle;
  readonly #target: string;

  constructor(input: string, file: FileHandle, store: Store) {
    this.#sidecar = new Sidecar<ImportState>(`${input}.import-state`, isImportState);
    this.#file = file;
    this.#target = `${store.driver} ${store.location} ${store.prefix}`;
  }

  /**
   * Where to continue; undefined where no import left a state.
   * @throws UsageError when the state belongs to something else
   */
  async restore(tally: Tally): Promise<LineStart | undefined> {
    const state = this.#sidecar.read();
    if (state === undefined) return undefined;
    if (state === null) throw this.#mismatch('is not the state of an import');
    if (state.target !== this.#target) throw this.#mismatch(`belongs to an import into ${state.target}`);
    if (state.knownBy !== (await this.#hash(state.offset))) throw this.#mismatch('belongs to another input');
    tally.restore(state.tally);
    return { offset: state.offset, lines: state.lines };
  }

  /**
   * Removes what an earlier import left, even if this one stores nothing: a later --resume must not continue the earlier
   * one, into a store that may have been emptied in between.
   * @throws InputError
   */
  reset(): void {
    try {
      this.#sidecar.remove();
    } catch (error) {
      throw new InputError(
        `cannot remove ${this.#sidecar.path}, which an earlier import left (${systemReason(error)})`,
        'Nothing was stored. Remove it, or continue that import with --resume.',
        { cause: error },
      );
    }
  }

  /** Records that the store has acknowledged everything up to there. */
  async note({ offset, lines }: LineStart, tally: Tally): Promise<void> {
    await this.#sidecar.save(async () => {
      const knownBy = await this.#hash(offset);
      return { version: 1, target: this.#target, knownBy, offset, lines, tally: tally.saved() };
    });
  }

  done(): void {
    this.#sidecar.remove();
  }

  /** What comes after the offset has not been read yet, and may change. */
  async #hash(offset: number): Promise<string> {
    const hash = createHash('sha256');
    for (const [start, end] of [
      [0, Math.min(HASHED_BYTES, offset)],
      [Math.max(0, offset - HASHED_BYTES), offset],
    ] as const) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(end - start), 0, end - start, start);
      hash.update(buffer.subarray(0, bytesRead));
    }

    return hash.digest('hex');
  }

  #mismatch(what: string): UsageError {
    return new UsageError(
      `${this.#sidecar.path} ${what}`,
      'Import without --resume to start over, or remove that file.',
    );
  }
}

interface ImportState extends LineStart {
  readonly version: 1;
  readonly target: string;
  readonly knownBy: string;
  readonly tally: SavedTally;
}

function isImportState({ version, offset, lines, target, knownBy, tally }: Partial<ImportState>): boolean {
  const isPlace = Number.isSafeInteger(offset) && Number.isSafeInteger(lines);
  return version === 1 && isPlace && typeof target === 'string' && typeof knownBy === 'string' && isSavedTally(tally);
}
