import type { Store } from '../../stores/contract/store.js';
import type { HeldLock } from '../locks/held-lock.js';

import { PartialError } from '../../errors.js';
import { ChildCommand, type CommandLine } from '../../runtime/child/command.js';
import { toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { warn } from '../../terminal/output.js';
import { capture, MOST_KEPT } from './captured-output.js';
import { Memory, type Terms } from './output-cache.js';
import { printRun } from './replay.js';

export interface ProduceOptions {
  readonly terms: Terms;
  readonly command: CommandLine;
  readonly cachesFailures: boolean;
  readonly json: boolean;
  /** A store with a connection of its own; whoever opens it closes it. */
  openStore(): Promise<Store>;
}

/**
 * Runs the command, which passes its output on, and stores what it printed.
 * @param held given back on every way out
 * @returns the command's exit code
 * @throws PartialError for an output that --json cannot hold
 */
export async function produceUnder(held: HeldLock, options: ProduceOptions): Promise<number> {
  const key = printKey(options.terms.key);
  let isOver = false;
  held.lost.then((reason) => {
    if (!isOver) warn(`others may run the command of ${key}, too, since its lock was lost: ${reason}`);
  });
  let ran: Ran;
  let stored: boolean;
  try {
    ran = await run(options);
    stored = isWorthKeeping(ran, options) && (await keep(ran, options));
  } finally {
    isOver = true;
    await giveBack(held, key);
  }

  return print(ran, stored, options);
}

/** The same without a cache. */
export async function produce(options: ProduceOptions): Promise<number> {
  return print(await run(options), false, options);
}

/** What a run of the command came to. */
interface Ran {
  readonly exitCode: number;
  /** Undefined when it is more than is kept. */
  readonly output: Buffer | undefined;
  /** It ran, and nobody ended it. */
  readonly isWhole: boolean;
}

async function run({ command, json }: ProduceOptions): Promise<Ran> {
  const child = new ChildCommand(command, { isCaptured: true });
  const [exitCode, output] = await Promise.all([child.exitCode, capture(child, { passesOn: !json })]);
  if (child.failure !== undefined) warn(`the command could not be started: ${child.failure.message}`);
  return { exitCode, output, isWhole: child.failure === undefined && child.signal === undefined };
}

function isWorthKeeping({ exitCode, isWhole, output }: Ran, { cachesFailures, terms }: ProduceOptions): boolean {
  if (output === undefined)
    warn(`${printKey(terms.key)} was not stored: the command printed more than ${MOST}\n  ${SMALLER}`);
  return output !== undefined && isWhole && (exitCode === 0 || cachesFailures);
}

const MOST = `${MOST_KEPT / 1024 / 1024} MiB`;
const SMALLER = 'Have it print less, or write to a file and print the name.';

/** The one at hand may have been lost while the command ran. What cannot be stored is an answer all the same. */
async function keep({ output, exitCode }: Ran, { terms, openStore }: ProduceOptions): Promise<boolean> {
  try {
    const store = await openStore();
    try {
      await new Memory(store, terms).keep(output!, exitCode);
      return true;
    } finally {
      await store.close();
    }
  } catch (error) {
    const { message, hint } = toFailure(error);
    warn(`${printKey(terms.key)} was not stored: ${message}\n  ${hint}`);
    return false;
  }
}

async function giveBack(held: HeldLock, key: string): Promise<void> {
  try {
    await held.release();
  } catch (error) {
    warn(`the lock of ${key} could not be given back, and expires by itself: ${toFailure(error).message}`);
  }
}

async function print({ exitCode, output }: Ran, stored: boolean, { terms, json }: ProduceOptions): Promise<number> {
  if (!json) return exitCode;
  if (output === undefined) throw new PartialError(`the command printed more than ${MOST}`, 'Run it without --json.');
  await printRun(terms, { output, exitCode, stored });
  return exitCode;
}
