import type { BulkWords } from '../../runtime/bulk.js';
import type { JsonFields } from '../../terminal/json.js';
import type { Tally } from './tally.js';

import { ExitCode } from '../../errors.js';
import { warn } from '../../terminal/output.js';
import { count, entries } from '../../terminal/progress.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';

/** What became of the entries, for people: to standard error. @param done in the past tense: `imported` */
export function reportTally(done: string, tally: Tally): void {
  const parts = leftOut(tally);
  warn(`${done} ${entries(tally.written)}${parts === '' ? '' : `; ${parts}`}`);
  for (const note of notes(tally)) warn(`  ${note}`);
  reportFailures(tally);
}

/** Of what ends part-way: how many entries, as far as they came, and what was left out of them. */
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
    const more = number === 1 ? '' : `, and ${count(number - 1)} more of the kind`;
    warn(`  failed: ${forTerminal(Buffer.from(lineField(`${first}: ${message}`)))}${more}`);
  }
}

/** The members of a tally in `--json`. */
export function tallyFields(tally: Tally): JsonFields {
  const { read, written, expired, present, locks, foreign, asStored, looseTags, endless, failed } = tally;
  return {
    read,
    written,
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
    present > 0 && `${count(present)} there already`,
    locks > 0 && `${count(locks)} ${locks === 1 ? 'lock' : 'locks'}`,
    foreign > 0 && `${count(foreign)} of other types than a cache's`,
    failed > 0 && `${count(failed)} failed`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : `left out: ${parts.join(', ')}`;
}

function notes({ asStored, looseTags, endless }: Tally): string[] {
  return [
    asStored > 0 && `${entries(asStored)} could not be read, and went as bytes`,
    looseTags > 0 &&
      `${entries(looseTags)} may carry tags, which this store does not tell; they keep the hash in their keys`,
    endless > 0 && `${entries(endless)} never expire now, since the store does not tell their ttl`,
  ].filter((note) => note !== false);
}
