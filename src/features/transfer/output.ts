import { type FileHandle, open, stat } from 'node:fs/promises';

import { InputError, UsageError } from '../../errors.js';
import { answer } from '../../terminal/output.js';
import { writing } from './file-writing.js';
import { openPart, type PartWanted } from './resume/part-opening.js';

/** Where lines go. */
export interface LineOutput {
  /** What of the lines is there already. */
  readonly start: Start;
  /** Resolves when it was taken, so that nothing piles up. */
  write(bytes: Buffer): Promise<void>;
  /** What was written until now are whole lines. @param place where the listing goes on behind them */
  reached(place: string | undefined): void;
  /** All of it is there. */
  finish(): Promise<void>;
  /** It ended before its time. Does nothing once it is finished. */
  abandon(): Promise<void>;
}

/** What an interrupted export left; nothing where it begins anew. */
export interface Start {
  /** The place of the listing that it came to, where it has one. */
  readonly after?: string;
  /** The lines that it wrote. */
  readonly written?: WrittenLines;
}

export interface WrittenLines {
  readonly path: string;
  /** Up to there. */
  readonly bytes: number;
  readonly lines: number;
}

/**
 * Standard output, or a file that is there when it is whole; until then it bears another name.
 * @throws InputError when it cannot be written, UsageError when it is to go on and cannot
 */
export async function openOutput(path: string | undefined, wanted: PartWanted): Promise<LineOutput> {
  if (path === undefined) return standing(wanted, 'standard output', STANDARD_OUTPUT);
  const stats = await stat(path).catch(() => {
    // Where it cannot be made, making it says why.
  });
  if (stats?.isDirectory()) throw new InputError(`${path} cannot be written (it is a folder)`, 'Name a file in it.');
  if (stats === undefined || stats.isFile()) return openPart(path, wanted);
  const opened = async (): Promise<FileHandle> => open(path, 'w');
  return standing(wanted, path, new Device(path, await writing(path, opened)));
}

/** What has no places to go back to. */
function standing(wanted: PartWanted, name: string, output: LineOutput): LineOutput {
  if (!wanted.resume) return output;
  throw new UsageError(`${name} has no places to go back to`, 'Name a file by --output, and go on with that.');
}

const STANDARD_OUTPUT: LineOutput = {
  start: {},
  write: answer,
  reached() {
    // Its reader knows.
  },
  async finish() {
    // It is not ours to close.
  },
  async abandon() {
    // What is written is written.
  },
};

/** A pipe by name, `/dev/null`: it is what it is, and nothing takes its place. */
class Device implements LineOutput {
  readonly start: Start = {};
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Buffer): Promise<void> {
    await writing(this.#path, async () => this.#file.writeFile(bytes));
  }

  reached(): void {
    // Its reader knows.
  }

  async finish(): Promise<void> {
    await this.#file.close();
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {
      // It is closed.
    });
  }
}
