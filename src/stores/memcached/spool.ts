import type { FileHandle } from 'node:fs/promises';

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Lines kept in memory: a few megabytes. */
const MOST_IN_MEMORY = 20_000;

/** Lines that are handed out at once. */
const PAGE = 1000;

/** Bytes of the file that are read at once. */
const CHUNK = 65_536;

/**
 * Lines from one who must not wait to one who may take its time. What does not fit into memory waits in a temporary file,
 * which has no name any more once it is open. The order of lines is not kept.
 */
export class Spool implements AsyncIterable<readonly string[]> {
  #memory: string[] = [];
  /** Lines on their way to the file. */
  #overflow: string[] = [];
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #fileLength = 0;
  #isOver = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  add(line: string): void {
    if (this.#isOver) return;
    if (this.#memory.length < MOST_IN_MEMORY) {
      this.#memory.push(line);
      this.#wake?.();
    } else {
      this.#overflow.push(line);
      this.#writing ??= this.#write();
    }
  }

  /** Whether the disk is slower than what comes; `written` says when it has caught up. */
  get isFull(): boolean {
    return this.#overflow.length > MOST_IN_MEMORY;
  }

  async written(): Promise<void> {
    await this.#writing;
  }

  /** What waits is still handed out; then the failure is thrown, when there is one. */
  end(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly string[]> {
    try {
      while (!this.#isOver || this.#memory.length > 0) {
        if (this.#memory.length > 0) yield this.#memory.splice(0, PAGE);
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }

      await this.#writing;
      yield* this.#lines();
      if (this.#failure) throw this.#failure;
    } finally {
      this.#isOver = true;
      await this.#writing;
      await this.#file?.close();
    }
  }

  async #write(): Promise<void> {
    try {
      this.#file ??= await openNameless();
      while (this.#overflow.length > 0) {
        const lines = this.#overflow;
        this.#overflow = [];
        const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
        await this.#file.write(bytes, 0, bytes.length, this.#fileLength);
        this.#fileLength += bytes.length;
      }
    } catch (error) {
      this.end(error as Error);
    } finally {
      this.#writing = undefined;
    }
  }

  async *#lines(): AsyncGenerator<readonly string[]> {
    const chunk = Buffer.alloc(CHUNK);
    let rest = '';
    for (let at = 0; at < this.#fileLength;) {
      const { bytesRead } = await this.#file!.read(chunk, 0, CHUNK, at);
      if (bytesRead === 0) throw new Error('the temporary file is shorter than what was written to it');
      at += bytesRead;
      const lines = (rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop()!;
      if (lines.length > 0) yield lines;
    }
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cachectl-'));
  try {
    return await open(path.join(folder, 'keys'), 'wx+', 0o600);
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}
