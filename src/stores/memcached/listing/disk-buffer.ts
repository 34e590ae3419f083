import type { FileHandle } from 'node:fs/promises';

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Bytes that are kept, handed out, written and read at once: some hundreds of lines. */
const BLOCK = 16_384;

/** Blocks that wait in memory for whoever takes them. */
const MOST_WAITING = 128;

/** Blocks on their way to the disk. */
const MOST_WRITING = 256;

const NEWLINE = 0x0a;

/** A piece of memory of which a part holds lines that nobody has been given yet. */
interface Block {
  readonly bytes: Buffer;
  from: number;
  to: number;
}

/**
 * Lines from one who must not wait to one who may take its time, as bytes. What does not fit into memory waits in a temporary
 * file, which has no name any more once it is open. The order of lines is not kept.
 */
export class Spool implements AsyncIterable<Buffer> {
  /** The one that is being filled. */
  #block = newBlock();
  readonly #waiting: Block[] = [];
  #overflow: Block[] = [];
  /** Those that are used again: the system would not get memory back as fast as lines come. */
  readonly #free: Block[] = [];
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #fileLength = 0;
  #isOver = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** A line lies there, its end included. It is copied. */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (this.#block.to + end - start > BLOCK) this.#nextBlock();
    this.#block.to += bytes.copy(this.#block.bytes, this.#block.to, start, end);
    this.#wake?.();
  }

  /** Whether the disk is slower than what comes; `written` says when it has caught up. */
  get isFull(): boolean {
    return this.#overflow.length > MOST_WRITING;
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

  /** Whole lines, some to a piece, to be read before anything is waited for. */
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
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(this.#block);
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
      this.#file ??= await openNameless();
      while (this.#overflow.length > 0) {
        const blocks = this.#overflow;
        this.#overflow = [];
        const start = this.#fileLength;
        const lines = blocks.map((block) => taken(block));
        const { bytesWritten } = await this.#file.writev(lines, start);
        this.#fileLength += lines.reduce((sum, { length }) => sum + length, 0);
        if (bytesWritten < this.#fileLength - start) throw new Error('the disk accepted only part of the data');
        this.#free.push(...blocks);
      }
    } catch (error) {
      this.end(error as Error);
    } finally {
      this.#writing = undefined;
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

/** What the block holds by now. It can be filled on. */
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
