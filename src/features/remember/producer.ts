import type { Store } from '../../stores/contract/store.js';
import type { HeldLock } from '../locks/held-lock.js';

import { PartialError, TimeoutError, UnreachableError } from '../../errors.js';
import { ChildCommand, type CommandLine } from '../../runtime/child/command.js';
import { toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { warn } from '../../terminal/output.js';
import { capture, MAX_STORED } from './captured-output.js';
import { OutputCache, type Terms } from './output-cache.js';
import { printRun } from './replay.js';

export interface ProduceOptions {
  readonly terms: Terms;
  readonly command: CommandLine;
  readonly cachesFailures: boolean;
  readonly json: boolean;
  /** Open another store. The caller closes it. */
  openStore(): Promise<Store>;
}

/**
 * Run the command and store its output, which is also passed on.
 * @param held is always released
 * @returns the command's exit code
 * @throws PartialError if the output is too large for --json
 */
export async function produceUnder(held: HeldLock, options: ProduceOptions): Promise<number> {
  const key = printKey(options.terms.key);
  let isOver = false;
  held.lost.then((reason) => {
    if (!isOver) warn(`the lock of ${key} was lost, so another process may run the command, too: ${reason}`);
  });
  let ran: Ran;
  let stored: boolean;
  try {
    ran = await run(options);
    stored = isWorthKeeping(ran, options) && (await keep(ran, options));
  } finally {
    isOver = true;
    await release(held, key);
  }

  return print(ran, stored, options);
}

/** Run the command without a cache. */
export async function produce(options: ProduceOptions): Promise<number> {
  return print(await run(options), false, options);
}

/** The result of a run. */
interface Ran {
  readonly exitCode: number;
  /** Undefined if it is too large to store. */
  readonly output: Buffer | undefined;
  /** Whether the command started and was not ended by a signal. */
  readonly isWhole: boolean;
}

async function run({ command, json }: ProduceOptions): Promise<Ran> {
  const child = new ChildCommand(command, { isCaptured: true });
  const [exitCode, output] = await Promise.all([child.exitCode, capture(child, { passesOn: !json })]);
  if (child.notStarted !== undefined) warn(child.notStarted);
  return { exitCode, output, isWhole: child.failure === undefined && child.signal === undefined };
}

function isWorthKeeping({ exitCode, isWhole, output }: Ran, { cachesFailures, terms }: ProduceOptions): boolean {
  if (output === undefined)
    warn(`${printKey(terms.key)} was not stored: the command printed more than ${MAX_SIZE}\n  ${SMALLER}`);
  return output !== undefined && isWhole && (exitCode === 0 || cachesFailures);
}

const MAX_SIZE = `${MAX_STORED / 1024 / 1024} MiB`;
const SMALLER = 'Print less, or write to a file and print its name.';

/**
 * Store the output. Opens a store, because the connection may have been lost meanwhile. A failure is only a warning.
 */
async function keep({ output, exitCode }: Ran, { terms, openStore }: ProduceOptions): Promise<boolean> {
  try {
    const store = await openStore();
    try {
      await new OutputCache(store, terms).keep(output!, exitCode);
      return true;
    } finally {
      await store.close();
    }
  } catch (error) {
    const { message, hint } = toFailure(error);
    // The server may have stored it before the connection was lost.
    const isUnsure = error instanceof UnreachableError || error instanceof TimeoutError;
    const outcome = isUnsure ? 'may not have been stored' : 'was not stored';
    warn(`${printKey(terms.key)} ${outcome}: ${message}\n  ${hint}`);
    return false;
  }
}

async function release(held: HeldLock, key: string): Promise<void> {
  try {
    await held.release();
  } catch (error) {
    warn(`the lock of ${key} could not be released and will expire: ${toFailure(error).message}`);
  }
}

async function print({ exitCode, output }: Ran, stored: boolean, { terms, json }: ProduceOptions): Promise<number> {
  if (!json) return exitCode;
  if (output === undefined)
    throw new PartialError(`the command printed more than ${MAX_SIZE}`, 'Run it without --json.');
  await printRun(terms, { output, exitCode, stored });
  return exitCode;
}
