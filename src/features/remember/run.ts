import type { Store } from '../../stores/contract/store.js';

import { type CachectlError, ClosedPipeError, ExitCode, InterruptedError, PartialError } from '../../errors.js';
import { interruptible, type Interruption } from '../../runtime/interrupt.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { acquireWithin } from '../../stores/locks/wait.js';
import { warn } from '../../terminal/output.js';
import { HeldLock, type Holding } from '../locks/held-lock.js';
import { heldText } from '../locks/text.js';
import { whileWaiting } from '../locks/waiting.js';
import { LockOrOutput, newHolding, runLock } from './lock.js';
import { OutputCache, type Remembered } from './output-cache.js';
import { type ProduceOptions, produceUnder } from './producer.js';
import { printRemembered } from './replay.js';

export interface RunOptions extends ProduceOptions {
  /** How long to wait for another process that runs the command, in seconds. */
  readonly wait: number;
  /** Whether a stored output makes running the command unnecessary; undefined if nothing does, and nothing is read. */
  readonly accepts: ((seen: Remembered) => boolean) | undefined;
}

/**
 * Run the command, print and store its output; or print the output that another process has just stored.
 * @param store is always closed
 * @returns the command's exit code, or 75 if another process runs it for longer than `wait`
 * @throws if the command cannot be run, or its output cannot be printed
 */
export async function runAndRemember(store: Store, options: RunOptions): Promise<number> {
  const { terms } = options;
  const holding = newHolding((each) => runLock(each, terms), options.openStore);
  const lock = await interruptible(async (interruption) => acquireOrFind(store, holding, options, interruption));
  if (lock === undefined) {
    const holder = await holding.lockOf(store).holder();
    await store.close();
    warn(
      `timed out waiting for another process to produce ${printKey(terms.key)}: the lock of ${heldText(terms.key, holder)}`,
    );
    return ExitCode.NotAcquired;
  }

  if (lock.found !== undefined) {
    await store.close();
    await printRemembered(terms.key, lock.found, options);
    return lock.found.exitCode;
  }

  return produceUnder(new HeldLock(store, holding, { lock: holding.lockOf(store), at: lock.at }), options);
}

/** Undefined if the wait timed out. After an error the lock is not left behind. */
async function acquireOrFind(
  store: Store,
  { owner, ttl, lockOf }: Holding,
  { terms, wait, accepts }: RunOptions,
  interruption: Interruption,
): Promise<LockOrOutput | undefined> {
  const { signal } = interruption;
  const cache = new OutputCache(store, terms);
  const lock = new LockOrOutput(lockOf(store), async () => {
    const seen = accepts && (await cache.look());
    return seen !== undefined && accepts!(seen) ? seen : undefined;
  });
  try {
    const isDone = await whileWaiting(
      { store, what: `the output of ${printKey(terms.key)}`, isLogged: false },
      async (callbacks) => acquireWithin(lock, { owner, isOwnerNew: true, ttl, wait, signal, ...callbacks }),
    );
    if (signal.aborted) throw endedWhileWaiting(interruption);
    return isDone ? lock : undefined;
  } catch (error) {
    // A slow server may have acquired it without answering.
    await lock.release(owner).catch(() => false);
    await store.close();
    throw error;
  }
}

function endedWhileWaiting({ by }: Interruption): CachectlError {
  if (by === 'closed pipe') return new ClosedPipeError();
  return by === 'SIGINT'
    ? new InterruptedError('interrupted; the command was not run', '')
    : new PartialError('terminated while waiting; the command was not run', '');
}
