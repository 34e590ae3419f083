import { unlessAborted } from '../async.js';
import { ExitCode, InterruptedError, PartialError } from '../errors.js';
import { ignoredSignals } from './child/ignored-signals.js';

/** What interrupted the work. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Undefined until something interrupted it. */
  readonly by: 'closed pipe' | 'SIGHUP' | 'SIGINT' | 'SIGTERM' | undefined;
}

/**
 * Run `work` with a signal that aborts on Ctrl-C, termination, hang-up or a closed output, so that it can stop cleanly
 * and report its progress. A second Ctrl-C exits at once.
 */
export async function interruptible<T>(work: (interruption: Interruption) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let by: Interruption['by'];
  const onSignal = (name: NonNullable<Interruption['by']>): void => {
    if (name !== 'closed pipe' && ignoredSignals().has(name)) return;
    if (by === 'SIGINT' && name === 'SIGINT') exitAtOnce();
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

/** `process.exit` alone waits for threads, such as one that opens a FIFO. The handlers of `exit` run first. */
function exitAtOnce(): never {
  process.once('exit', () => {
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  });
  process.exit(ExitCode.Interrupted);
}

/** The exit code of work that can be interrupted at any time. @param done the code if it was not */
export function interruptedCode({ by }: Interruption, done: number = ExitCode.Yes): number {
  if (by === undefined || by === 'closed pipe') return done;
  return by === 'SIGINT' ? ExitCode.Interrupted : ExitCode.Partial;
}

/** Yield a store's listing. An interruption ends it without an error. */
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
 * Run work that has no result unless it completes.
 * @throws InterruptedError if it was interrupted
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

  throw interrupted(interruption, `interrupted before all ${what} were read`, hint);
}

/**
 * A store or an output, unless its opening is interrupted: a profile may come from a pipe, a password from a slow
 * command, and a FIFO may have no reader.
 * @throws InterruptedError or PartialError at once
 */
export async function opened<T>(opening: Promise<T>, interruption: Interruption): Promise<T> {
  const result = await unlessAborted(opening, interruption.signal);
  if (result !== undefined) return result;
  throw interrupted(interruption, 'interrupted before the work began', 'Nothing was read or written.');
}

function interrupted(interruption: Interruption, message: string, hint: string): InterruptedError | PartialError {
  const Kind = interruptedCode(interruption) === ExitCode.Interrupted ? InterruptedError : PartialError;
  return new Kind(message, hint);
}
