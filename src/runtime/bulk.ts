import type { BulkOptions } from '../stores/contract/store.js';
import type { Interruption } from './interrupt.js';

import { CachectlError, ClosedPipeError, InterruptedError, PartialError } from '../errors.js';
import { notesReachAPerson } from '../terminal/output.js';
import { entries, ProgressBar } from '../terminal/progress.js';
import { toFailure } from './report-error.js';

export interface BulkWords {
  /** Says how many of what; entries when left out. */
  readonly counted?: (number: number) => string;
  /** What to do after an interruption, as a sentence; it is said of a failure part-way, too. */
  readonly again?: string | undefined;
  /** Says what else there is to say, when it ends part-way. */
  readonly aside?: () => void;
  /** What an earlier run did, with which this one goes on. */
  readonly before?: number;
}

/**
 * Runs a bulk operation under a progress bar. Whatever way it ends, what was done until then is told.
 * @param what in the past tense, e.g. `removed`
 * @param words to say otherwise
 * @throws InterruptedError after Ctrl-C, PartialError when it failed after something was done
 */
export async function bulk<T>(
  what: string,
  interruption: Interruption,
  work: (options: Required<BulkOptions>) => Promise<T>,
  words: BulkWords = {},
): Promise<T> {
  const { counted = entries, again = 'Run the command again for the rest.', before = 0 } = words;
  const bar = new ProgressBar(what, before);
  let done = before;
  let result: T;
  try {
    result = await work({
      signal: interruption.signal,
      wantsTotal: notesReachAPerson(),
      onProgress(progress) {
        done = progress.done;
        bar.update(progress);
      },
    });
  } catch (error) {
    bar.clear();
    words.aside?.();
    if (interruption.by !== undefined) throw interrupted(`${what} ${counted(done)}`, interruption, again);
    if (done === 0 || error instanceof PartialError || !(error instanceof CachectlError)) throw error;
    const { message, hint } = toFailure(error);
    const hints = [hint, words.again].filter((each) => each !== undefined);
    throw new PartialError(`${what} ${counted(done)}, then ${message}`, hints.join(' '), { cause: error });
  }

  bar.clear();
  if (interruption.by !== undefined) throw interrupted(`${what} ${counted(done)}`, interruption, again);
  return result;
}

function interrupted(done: string, { by }: Interruption, hint: string): CachectlError {
  const message = `interrupted: ${done} so far; the rest is unchanged`;
  if (by === 'closed pipe') return new ClosedPipeError();
  return by === 'SIGINT' ? new InterruptedError(message, hint) : new PartialError(message, hint);
}
