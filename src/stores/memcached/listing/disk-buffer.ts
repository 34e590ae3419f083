import type { FileHandle } from 'node:fs/promises';

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { writingTemporary } from '../../../system-errors.js';

/** Bytes of a block: some hundreds of lines. */
const BLOCK = 16_384;

/** Blocks queued in memory. */
const MAX_WAITING = 128;

/** Blocks queued for the disk. */
const MAX_WRITING = 256;

const NEWLINE = 0x0a;

/** The lines between `from` and `to` have not been read. */
interface Block {
  readonly bytes: Buffer;
  from: number;
  to: number;
}

/**
 * A queue of lines between a producer that must not wait and a slow consumer. Lines that do not fit into memory go to a
 * temporary file, which is unlinked as soon as it is open. The order of lines is not preserved.
 */
export class Spool implements AsyncIterable<Buffer> {
  /** The block that is being filled. */
  #block = newBlock();
  readonly #waiting: Block[] = [];
  #overflow: Block[] = [];
  /** Blocks for reuse: garbage collection would not keep up. */
  readonly #free: Block[] = [];
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #fileLength = 0;
  #isOver = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** Copy a line, newline included. */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (this.#block.to + end - start > BLOCK) this.#nextBlock();
    this.#block.to += bytes.copy(this.#block.bytes, this.#block.to, start, end);
    this.#wake?.();
  }

  /** Whether the disk is slower than the producer. `written` resolves when it has caught up. */
  get isFull(): boolean {
    return this.#overflow.length > MAX_WRITING;
  }

  async written(): Promise<void> {
    await this.#writing;
  }

  /** Queued lines are still returned. Then the iteration throws the failure, if any. */
  end(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#wake?.();
  }

  /** Chunks of whole lines. A chunk is valid until the consumer awaits something. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const waiting = this.#waiting.shift();
        const lines = taken(waiting ?? this.#block);
        if (lines.length > 0) yield lines;
        else if (this.#isOver && !waiting) break;
        else if (!waiting) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }

        if (waiting) this.#free.push(waiting);
      }

      await this.#writing;
      yield* this.#read();
      if (this.#failure) throw this.#failure;
    } finally {
      this.#isOver = true;
      await this.#writing;
      await this.#file?.close();
    }
  }

  #nextBlock(): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(this.#block);
    else {
      this.#overflow.push(this.#block);
      this.#writing ??= this.#write();
    }

    this.#block = this.#free.pop() ?? newBlock();
    this.#block.from = 0;
    this.#block.to = 0;
  }

  async #write(): Promise<void> {
    try {
      await writingTemporary(async () => this.#writeOverflow());
    } catch (error) {
      this.end(error as Error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeOverflow(): Promise<void> {
    this.#file ??= await openNameless();
    while (this.#overflow.length > 0) {
      const blocks = this.#overflow;
      this.#overflow = [];
      const lines = blocks.map((block) => taken(block));
      const bytes = lines.reduce((sum, { length }) => sum + length, 0);
      const { bytesWritten } = await this.#file.writev(lines, this.#fileLength);
      // A disk that becomes full takes a part, and refuses only what comes next.
      if (bytesWritten < bytes) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      this.#fileLength += bytes;
      this.#free.push(...blocks);
    }
  }

  async *#read(): AsyncGenerator<Buffer> {
    const { bytes } = this.#block;
    for (let at = 0; at < this.#fileLength;) {
      const { bytesRead } = await this.#file!.read(bytes, 0, BLOCK, at);
      const lines = bytes.subarray(0, bytes.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1);
      if (lines.length === 0) throw new Error('the temporary file is shorter than what was written to it');
      at += lines.length;
      yield lines;
    }
  }
}

function newBlock(): Block {
  return { bytes: Buffer.allocUnsafeSlow(BLOCK), from: 0, to: 0 };
}

/** The unread lines of a block, which can still be added to. */
function taken(block: Block): Buffer {
  const lines = block.bytes.subarray(block.from, block.to);
  block.from = block.to;
  return lines;
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cachectl-'));
  try {
    return await open(path.join(folder, 'keys'), 'wx+', 0o600);
  } finally {
    await rm(folder, { force: true, recursive: true });
  }
}
