import type { Readable } from 'node:stream';

import type { ChildCommand } from '../../runtime/child/command.js';

import { ClosedPipeError } from '../../errors.js';
import { answer, isOutputClosed, warn } from '../../terminal/output.js';

/** The largest output to store, in bytes: MongoDB's limit, and more than Memcached's default. */
export const MAX_STORED = 16 * 1024 * 1024;

/** How long to wait for output of processes that the command left running, in milliseconds of silence. */
const SILENT_MS = 2000;

/**
 * Read the output of a command to its end, and pass it on if requested. While the output is being stored, a slow reader
 * does not slow the command down, and a reader that leaves does not end it. Processes that the command left running
 * with its output open are read until they are silent.
 * @returns the whole output; undefined if it is too large to store
 */
export async function capture(
  { stdout, ended }: Pick<ChildCommand, 'ended' | 'stdout'>,
  { passesOn }: { readonly passesOn: boolean },
): Promise<Buffer | undefined> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of untilSilent(stdout, ended)) {
    size += chunk.length;
    if (size <= MAX_STORED) {
      kept.push(chunk);
      if (passesOn && !isOutputClosed()) process.stdout.write(chunk);
      continue;
    }

    kept.length = 0;
    // The rest is not needed. The command sees a closed pipe.
    if (passesOn && !(await isWritten(chunk))) break;
  }

  return size <= MAX_STORED ? Buffer.concat(kept) : undefined;
}

async function* untilSilent(stdout: Readable, ended: Promise<unknown>): AsyncGenerator<Buffer> {
  const silence = new Silence(() => stdout.destroy());
  ended.then(() => silence.await());
  try {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      silence.restart();
      yield chunk;
    }
  } catch (error) {
    if (!silence.isOver) throw error;
    warn('Processes that the command left running still have its output open; their output is no longer read.');
  } finally {
    silence.end();
  }
}

/** Calls `onSilence` after a period without activity. */
class Silence {
  isOver = false;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  await(): void {
    if (this.#isEnded) return;
    // Between the two timers, output that arrived while this process was busy is read.
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        this.#onSilence();
      }, READ_FIRST_MS);
    }, SILENT_MS);
  }

  restart(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.await();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }
}

const READ_FIRST_MS = 100;

async function isWritten(chunk: Buffer): Promise<boolean> {
  try {
    await answer(chunk);
    return true;
  } catch (error) {
    if (error instanceof ClosedPipeError) return false;
    throw error;
  }
}
