import type { BulkOptions } from '../stores/contract/store.js';
import type { Interruption } from './interrupt.js';

import { CachectlError, ClosedPipeError, InterruptedError, PartialError } from '../errors.js';
import { notesReachAPerson } from '../terminal/output.js';
import { entries, ProgressBar } from '../terminal/progress.js';
import { toFailure } from './report-error.js';

export interface BulkWords {
  /** Formats the number of items; entries by default. */
  readonly counted?: (number: number) => string;
  /** What to do after an interruption or a failure part-way, as a sentence. */
  readonly again?: string | undefined;
  /** Prints more details if it ends part-way. */
  readonly aside?: () => void;
  /** The number of items that an earlier run completed. */
  readonly before?: number;
}

/**
 * Run a bulk operation with a progress bar. If it ends early, the error says what was done.
 * @param what past tense, such as `removed`
 * @param words to override texts
 * @throws InterruptedError after Ctrl-C
 * @throws PartialError if it failed part-way
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
