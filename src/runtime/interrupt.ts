import { ExitCode, InterruptedError, PartialError } from '../errors.js';
import { ignoredSignals } from './child/ignored-signals.js';

/** What ended a piece of work before its time. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Undefined while nothing happened. */
  readonly by: 'closed pipe' | 'SIGHUP' | 'SIGINT' | 'SIGTERM' | undefined;
}

/**
 * Runs `work` with a signal that Ctrl-C, a termination, a hang-up or a reader that went away aborts, so that it can stop
 * at a clean point and say how far it came. A second Ctrl-C does not wait for that.
 */
export async function interruptible<T>(work: (interruption: Interruption) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let by: Interruption['by'];
  const onSignal = (name: NonNullable<Interruption['by']>): void => {
    if (name !== 'closed pipe' && ignoredSignals().has(name)) return;
    if (by === 'SIGINT' && name === 'SIGINT') process.exit(130);
    by = name;
    controller.abort();
  };

  const onOutputError = (): void => onSignal('closed pipe');

  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  process.stdout.on('error', onOutputError);
  try {
    return await work({
      signal: controller.signal,
      get by() {
        return by;
      },
    });
  } finally {
    for (const name of names) process.off(name, onSignal);
    process.stdout.off('error', onOutputError);
  }
}

/** The exit code of work that goes on until it is stopped, or that is done with `done`. */
export function interruptedCode({ by }: Interruption, done: number = ExitCode.Yes): number {
  if (by === undefined || by === 'closed pipe') return done;
  return by === 'SIGINT' ? ExitCode.Interrupted : ExitCode.Partial;
}

/** What a store lists until the work is interrupted, which ends it quietly. */
export async function* untilInterrupted<T>({ signal }: Interruption, listed: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    for await (const item of listed) {
      if (signal.aborted) return;
      yield item;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Work that has no answer before everything has been seen.
 * @throws InterruptedError when it was interrupted before
 */
export async function whole<T>(
  interruption: Interruption,
  work: (interruption: Interruption) => Promise<T>,
  { what = 'keys', hint = 'Give it time, or a narrower pattern.' } = {},
): Promise<T> {
  try {
    const result = await work(interruption);
    if (interruption.by === undefined) return result;
  } catch (error) {
    if (interruption.by === undefined) throw error;
  }

  const message = `interrupted before all ${what} had been seen`;
  if (interruptedCode(interruption) === ExitCode.Interrupted) throw new InterruptedError(message, hint);
  throw new PartialError(message, hint);
}
