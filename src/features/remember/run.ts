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
import { Memory, type Remembered } from './output-cache.js';
import { type ProduceOptions, produceUnder } from './producer.js';
import { printRemembered } from './replay.js';

export interface RunOptions extends ProduceOptions {
  /** How long to wait for somebody else who runs it, in seconds. */
  readonly wait: number;
  /** Whether what is stored will do in place of running the command; undefined when nothing will, and it is not looked at. */
  readonly accepts: ((seen: Remembered) => boolean) | undefined;
}

/**
 * Runs the command, prints its output and stores it; or prints what somebody else, who ran it meanwhile, has stored.
 * @param store closed on every way out
 * @returns the command's exit code, or 75 when somebody else kept running it for longer than we wait
 * @throws what kept us from running the command, or from printing its output
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

/** Undefined when the wait was over. Whatever goes wrong, the lock is not left behind. */
async function acquireOrFind(
  store: Store,
  { owner, ttl, lockOf }: Holding,
  { terms, wait, accepts }: RunOptions,
  interruption: Interruption,
): Promise<LockOrOutput | undefined> {
  const { signal } = interruption;
  const memory = new Memory(store, terms);
  const lock = new LockOrOutput(lockOf(store), async () => {
    const seen = accepts && (await memory.look());
    return seen !== undefined && accepts!(seen) ? seen : undefined;
  });
  try {
    const isDone = await whileWaiting(
      { store, what: `the output of ${printKey(terms.key)}`, isLogged: false },
      async (told) => acquireWithin(lock, { owner, isOwnerNew: true, ttl, wait, signal, ...told }),
    );
    if (signal.aborted) throw endedWhileWaiting(interruption);
    return isDone ? lock : undefined;
  } catch (error) {
    // A slow server may have done what it did not answer.
    await lock.release(owner).catch(() => false);
    await store.close();
    throw error;
  }
}

function endedWhileWaiting({ by }: Interruption): CachectlError {
  if (by === 'closed pipe') return new ClosedPipeError();
  return by === 'SIGINT'
    ? new InterruptedError('interrupted; nothing was run', '')
    : new PartialError('ended while waiting; nothing was run', '');
}
