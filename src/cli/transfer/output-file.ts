import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import { InputError } from '../../errors.js';
import { answer } from '../output.js';

/** Where lines go. */
export interface LineOutput {
  /** Resolves when it was taken, so that nothing piles up. */
  write(bytes: Buffer): Promise<void>;
  /** All of it is there. */
  finish(): Promise<void>;
  /** It ended before its time. Does nothing once it is finished. */
  abandon(): Promise<void>;
}

/** Standard output, or a file that is there when it is whole; until then it bears another name. @throws InputError */
export async function openOutput(path: string | undefined): Promise<LineOutput> {
  if (path === undefined) return STANDARD_OUTPUT;
  const part = `${path}.${process.pid}.part`;
  // Only its user may read what a cache holds.
  const file = await attempt(path, async () => open(part, 'wx', 0o600));
  return new FileOutput(path, part, file);
}

const STANDARD_OUTPUT: LineOutput = {
  write: answer,
  async finish() {
    // It is not ours to close.
  },
  async abandon() {
    // What is written is written.
  },
};

class FileOutput implements LineOutput {
  readonly #path: string;
  readonly #part: string;
  readonly #file: FileHandle;
  #isOver = false;

  constructor(path: string, part: string, file: FileHandle) {
    this.#path = path;
    this.#part = part;
    this.#file = file;
  }

  async write(bytes: Buffer): Promise<void> {
    await attempt(this.#path, async () => this.#file.writeFile(bytes));
  }

  async finish(): Promise<void> {
    await attempt(this.#path, async () => {
      // Else a crash of the machine could leave the name without the content.
      await this.#file.sync();
      await this.#file.close();
      await rename(this.#part, this.#path);
    });
    this.#isOver = true;
  }

  async abandon(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#file.close();
    await rm(this.#part, { force: true });
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new InputError(`${path} cannot be written (${REASONS[code] ?? code})`, 'Check the path and the disk.', {
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not',
  EISDIR: 'it is a folder',
  ENOENT: 'its folder does not exist',
  ENOSPC: 'the disk is full',
};
