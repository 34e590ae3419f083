import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import type { LineOutput, OutputStart } from '../output.js';
import type { Tally } from '../tally.js';
import type { Sidecar } from './sidecar.js';

import { writing } from '../../../system-errors.js';
import { ownWriter } from './claim.js';
import { exportSidecar, type ExportSource, type ExportState, type Progress } from './export-state.js';

/** The name of an export's file until it is complete. */
export function partPath(target: string): string {
  return `${target}.part`;
}

export interface PartOptions {
  readonly target: string;
  readonly source: ExportSource;
  readonly tally: Tally;
  /** What the part file holds already. */
  readonly progress: Progress;
  readonly start: OutputStart;
}

/**
 * A file beside the target that replaces it once complete. Lines reach the disk before the state that counts them, so
 * that another export can resume whatever ended this one.
 */
export class PartFile implements LineOutput {
  readonly start: OutputStart;
  readonly #file: FileHandle;
  readonly #target: string;
  readonly #source: ExportSource;
  readonly #tally: Tally;
  readonly #sidecar: Sidecar<ExportState>;
  #progress: Progress;
  #position: number;
  #isClosed = false;

  private constructor(file: FileHandle, { target, source, tally, progress, start }: PartOptions) {
    this.start = start;
    this.#file = file;
    this.#target = target;
    this.#source = source;
    this.#tally = tally;
    this.#sidecar = exportSidecar(target);
    this.#progress = progress;
    this.#position = progress.bytes;
  }

  /** Truncates the part file to the lines that are known to be whole. @throws InputError */
  static async open(options: PartOptions): Promise<PartFile> {
    const { target, source, progress } = options;
    return writing(target, async () => {
      exportSidecar(target).write(stateOf(source, progress));
      const part = partPath(target);
      if (progress.bytes === 0) await rm(part, { force: true });
      // Only its owner may read what a cache holds.
      const file = await open(part, progress.bytes === 0 ? 'wx' : 'r+', 0o600);
      await file.truncate(progress.bytes);
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

  async reached(place: string | undefined): Promise<void> {
    this.#progress = { bytes: this.#position, place: place ?? null, tally: this.#tally.saved() };
    await this.#sidecar.save(async () => {
      await writing(this.#target, async () => this.#file.datasync());
      return stateOf(this.#source, this.#progress);
    });
  }

  async finish(): Promise<void> {
    await writing(this.#target, async () => {
      // Otherwise a crash of the machine could leave the name without the content.
      await this.#file.sync();
      await this.#file.close();
      await rename(partPath(this.#target), this.#target);
      this.#sidecar.remove();
    });
    this.#isClosed = true;
  }

  async abandon(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.close();
    if (this.#progress.bytes > 0) {
      await this.#sidecar.save(() => stateOf(this.#source, this.#progress), { atOnce: true });
      return;
    }

    await rm(partPath(this.#target), { force: true });
    this.#sidecar.remove();
  }
}

function stateOf(source: ExportSource, progress: Progress): ExportState {
  return { version: 1, source, ...progress, ...ownWriter() };
}
