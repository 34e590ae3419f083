import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import type { LineOutput, Start } from '../output.js';
import type { Tally } from '../tally.js';

import { warn } from '../../../terminal/output.js';
import { writing } from '../file-writing.js';
import { type PartSource, type Reached, removeState, writeState } from './export-state.js';

/** How often the state is written at most, in milliseconds. What comes after it is done again. */
const PAUSE_MS = 200;

/** What bears the name of an export's target when it is whole. */
export function partPath(target: string): string {
  return `${target}.part`;
}

export interface PartOptions {
  readonly target: string;
  readonly source: PartSource;
  readonly tally: Tally;
  /** What is there already. */
  readonly reached: Reached;
  readonly start: Start;
}

/**
 * A file beside the target that takes its place when it is whole. Beside it stands how far it has come, so that the next
 * can go on there, whatever ended this one: first come the lines, then the state that counts them.
 */
export class PartFile implements LineOutput {
  readonly start: Start;
  readonly #file: FileHandle;
  readonly #target: string;
  readonly #source: PartSource;
  readonly #tally: Tally;
  #reached: Reached;
  #position: number;
  #savedAt = -Infinity;
  #isOver = false;

  private constructor(file: FileHandle, { target, source, tally, reached, start }: PartOptions) {
    this.start = start;
    this.#file = file;
    this.#target = target;
    this.#source = source;
    this.#tally = tally;
    this.#reached = reached;
    this.#position = reached.bytes;
  }

  /** Cut to what is known to be good. @throws InputError */
  static async open(options: PartOptions): Promise<PartFile> {
    const { target, source, reached } = options;
    return writing(target, async () => {
      writeState(target, source, reached);
      const part = partPath(target);
      // Only its user may read what a cache holds.
      if (reached.bytes === 0) await rm(part, { force: true });
      const file = await open(part, reached.bytes === 0 ? 'wx' : 'r+', 0o600);
      await file.truncate(reached.bytes);
      return new PartFile(file, options);
    });
  }

  async write(bytes: Buffer): Promise<void> {
    await writing(this.#target, async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#position);
        at += bytesWritten;
        this.#position += bytesWritten;
      }
    });
  }

  reached(place: string | undefined): void {
    this.#reached = { bytes: this.#position, place: place ?? null, tally: this.#tally.saved() };
    if (performance.now() - this.#savedAt > PAUSE_MS) this.#save();
  }

  async finish(): Promise<void> {
    await writing(this.#target, async () => {
      // Else a crash of the machine could leave the name without the content.
      await this.#file.sync();
      await this.#file.close();
      await rename(partPath(this.#target), this.#target);
      removeState(this.#target);
    });
    this.#isOver = true;
  }

  async abandon(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#file.close();
    if (this.#reached.bytes > 0) this.#save();
    else {
      await rm(partPath(this.#target), { force: true });
      removeState(this.#target);
    }
  }

  #save(): void {
    try {
      writeState(this.#target, this.#source, this.#reached);
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      warn(`how far it came cannot be written (${reason}): if it goes on, then where it could last be`);
      // Once is enough.
      this.#savedAt = Infinity;
      return;
    }

    this.#savedAt = performance.now();
  }
}
