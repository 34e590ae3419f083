import type { Readable } from 'node:stream';

import type { ChildCommand } from '../../runtime/child/command.js';

import { ClosedPipeError } from '../../errors.js';
import { answer, isOutputClosed, warn } from '../../terminal/output.js';

/** The most that is kept of an output, in bytes: what MongoDB takes, and more than Memcached does by default. */
export const MOST_KEPT = 16 * 1024 * 1024;

/** In milliseconds: how long processes that the command left behind may be silent before their output is not waited for. */
const SILENT_MS = 2000;

/**
 * Reads a command's output to its end, and passes it on as it comes if that is asked for. Whoever reads us slowly does not
 * hold the command up while its output is kept anyway; nor is that cut short when they go away. Processes that go on when
 * the command has ended, and have its output open, hold us up for as long as they print.
 * @returns the whole of it, or undefined when that is more than is kept
 */
export async function capture(
  { stdout, ended }: Pick<ChildCommand, 'ended' | 'stdout'>,
  { passesOn }: { readonly passesOn: boolean },
): Promise<Buffer | undefined> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of untilSilent(stdout, ended)) {
    size += chunk.length;
    if (size <= MOST_KEPT) {
      kept.push(chunk);
      if (passesOn && !isOutputClosed()) process.stdout.write(chunk);
      continue;
    }

    kept.length = 0;
    // Nobody has use for the rest: the command is told so, as by a closed pipe.
    if (passesOn && !(await isTaken(chunk))) break;
  }

  return size <= MOST_KEPT ? Buffer.concat(kept) : undefined;
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
    warn('Processes that the command left running still have its output open; what they print now is not read.');
  } finally {
    silence.end();
  }
}

/** Calls `onSilence` when nothing has happened for a while. */
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
    // What came while we were held up ourselves is read between the two.
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

async function isTaken(chunk: Buffer): Promise<boolean> {
  try {
    await answer(chunk);
    return true;
  } catch (error) {
    if (error instanceof ClosedPipeError) return false;
    throw error;
  }
}
