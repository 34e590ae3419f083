import type { Readable } from 'node:stream';

import { ClosedPipeError } from '../errors.js';
import { answer } from './output.js';

/** The most that is kept of an output, in bytes: what MongoDB takes, and more than Memcached does by default. */
export const MOST_KEPT = 16 * 1024 * 1024;

/**
 * Reads a command's output to its end, and passes it on as it comes if that is asked for. Whoever reads us slowly does not
 * hold the command up while its output is kept anyway; nor is that cut short when they go away.
 * @returns the whole of it, or undefined when that is more than is kept
 */
export async function capture(
  stdout: Readable,
  { passesOn }: { readonly passesOn: boolean },
): Promise<Buffer | undefined> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_KEPT) {
      kept.push(chunk);
      if (passesOn && !process.stdout.destroyed) process.stdout.write(chunk);
      continue;
    }

    kept.length = 0;
    // Nobody has use for the rest: the command is told so, as by a closed pipe.
    if (passesOn && !(await isTaken(chunk))) break;
  }

  return size <= MOST_KEPT ? Buffer.concat(kept) : undefined;
}

async function isTaken(chunk: Buffer): Promise<boolean> {
  try {
    await answer(chunk);
    return true;
  } catch (error) {
    if (error instanceof ClosedPipeError) return false;
    throw error;
  }
}
