import type { Work } from '../../runtime/store-command.js';
import type { ListedLock } from '../../stores/contract/locks.js';

import { ExitCode } from '../../errors.js';
import { askBeforeDestroying, type Consent } from '../../runtime/confirm.js';
import { interruptedCode, whole } from '../../runtime/interrupt.js';
import { nameText, ownerText } from '../../stores/locks/description.js';
import { itemJson } from '../../terminal/list.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { count, countOf } from '../../terminal/progress.js';
import { heldColumns } from './columns.js';
import { type LockSelection, selectLocks } from './selection.js';
import { heldByText } from './text.js';

export interface SweepFlags extends Consent {
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

/** The most locks to name in the prompt. */
const NAMED = 20;

/**
 * Ask, then release many locks, each only if the listed holder still holds it: a lock that was acquired again is not
 * stuck.
 * @returns the exit code: 0 even if there is nothing to release, as for a flush
 */
export async function releaseSelected(work: Work, selection: LockSelection, flags: SweepFlags): Promise<number> {
  const { store, profile } = work;
  const found = await whole(work.interruption, async () => all(selectLocks(work, selection)), {
    what: 'locks',
    hint: 'No lock was broken. Run the command again.',
  });
  const dryRun = flags['dry-run'];
  if (found.length > 0 && !dryRun) {
    const effect = `breaks ${locks(found.length)}`;
    await askBeforeDestroying({ store, profile, action: 'lock:release', effect, warnings: named(found) }, flags);
  }

  const outcomes: Array<{ readonly lock: ListedLock; readonly isDone: boolean }> = [];
  for (const lock of found) {
    if (work.interruption.by !== undefined) break;
    const isDone = dryRun || (await store.lock(lock.name).release(lock.owner));
    if (!isDone) note(`${nameText(lock.name)} is not held by ${ownerText(lock)} any more`);
    outcomes.push({ lock, isDone });
  }

  if (flags.json) {
    const done = dryRun ? 'wouldRelease' : 'released';
    await answerJson(outcomes.map(({ lock, isDone }) => ({ ...itemJson(lock, heldColumns), [done]: isDone, dryRun })));
  } else if (dryRun) for (const { lock } of outcomes) warn(`would break ${nameText(lock.name)}, ${heldByText(lock)}`);
  if (found.length === 0) note('no stuck locks');
  else warn(`${dryRun ? 'would break' : 'broke'} ${locks(outcomes.filter(({ isDone }) => isDone).length)}`);
  return interruptedCode(work.interruption, ExitCode.Yes);
}

async function all(selected: AsyncIterable<ListedLock>): Promise<ListedLock[]> {
  const found: ListedLock[] = [];
  for await (const lock of selected) found.push(lock);
  return found;
}

function named(found: readonly ListedLock[]): string[] {
  const lines = found.slice(0, NAMED).map((lock) => `${nameText(lock.name)}, ${heldByText(lock)}`);
  return found.length > NAMED ? [...lines, `and ${count(found.length - NAMED)} more`] : lines;
}

function locks(number: number): string {
  return countOf(number, 'lock');
}
