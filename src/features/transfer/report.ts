import type { BulkWords } from '../../runtime/bulk.js';
import type { Store } from '../../stores/contract/store.js';
import type { JsonFields } from '../../terminal/json.js';
import type { Tally } from './tally.js';

import { ExitCode } from '../../errors.js';
import { notesReachAPerson, warn } from '../../terminal/output.js';
import { count, entries } from '../../terminal/progress.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';

/** The number of entries, for a progress bar; undefined where no person watches, or counting would take long. */
export async function estimate(store: Store, pattern: string, signal: AbortSignal): Promise<number | undefined> {
  return notesReachAPerson() && store.count ? store.count({ pattern, signal }) : undefined;
}

/** Prints the summary to standard error. @param done the verb in the past tense: `imported` */
export function reportTally(done: string, tally: Tally): void {
  const parts = leftOut(tally);
  warn(`${done} ${entries(tally.written)}${parts === '' ? '' : `; ${parts}`}`);
  for (const note of notes(tally)) warn(`  ${note}`);
  reportFailures(tally);
}

/** The words for a transfer that ends part-way. */
export function partWay(tally: Tally): Pick<BulkWords, 'aside' | 'counted'> {
  return {
    counted(done) {
      const parts = leftOut(tally);
      return `${entries(done)}${parts === '' ? '' : ` (${parts})`}`;
    },
    aside: () => reportFailures(tally),
  };
}

function reportFailures(tally: Tally): void {
  for (const { count: number, first, message } of tally.failures) {
    const more = number === 1 ? '' : `, and ${count(number - 1)} more like it`;
    warn(`  failed: ${forTerminal(Buffer.from(lineField(`${first}: ${message}`)))}${more}`);
  }
}

/** The members of a tally in `--json`. A dry run says what it would write. */
export function tallyFields(tally: Tally, dryRun = false): JsonFields {
  const { read, written, expired, present, locks, foreign, asStored, looseTags, endless, failed } = tally;
  return {
    read,
    [dryRun ? 'wouldWrite' : 'written']: written,
    expired,
    present,
    locks,
    foreign,
    asStored,
    looseTags,
    endless,
    failed,
    failures: tally.failures.map((failures) => ({ ...failures })),
  };
}

export function tallyCode(tally: Tally): number {
  return tally.failed === 0 ? ExitCode.Yes : ExitCode.Partial;
}

function leftOut({ expired, present, locks, foreign, failed }: Tally): string {
  const parts = [
    expired > 0 && `${count(expired)} expired`,
    present > 0 && `${count(present)} already there`,
    locks > 0 && `${count(locks)} ${locks === 1 ? 'lock' : 'locks'}`,
    foreign > 0 && `${count(foreign)} that ${foreign === 1 ? 'is not a cache entry' : 'are not cache entries'}`,
    failed > 0 && `${count(failed)} failed`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : `left out: ${parts.join(', ')}`;
}

function notes({ asStored, looseTags, endless }: Tally): string[] {
  return [
    asStored > 0 &&
      `${entries(asStored)} could not be decoded and ${asStored === 1 ? 'was' : 'were'} transferred as stored bytes`,
    looseTags > 0 &&
      `${entries(looseTags)} may have tags, which this store does not reveal; the hash of the tags stays in the key`,
    endless > 0 && `${entries(endless)} will never expire, because the store does not reveal TTLs`,
  ].filter((note) => note !== false);
}
