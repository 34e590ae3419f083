import * as Flags from '@oclif/core/flags';

import type { Work } from '../../runtime/store-command.js';
import type { EntryFilter, FlushOnlyResult } from '../../stores/contract/flush.js';
import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Store } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';
import { bulk } from '../../runtime/bulk.js';
import { askBeforeDestroying, type Consent } from '../../runtime/confirm.js';
import { duration } from '../../runtime/flags.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { unsupported } from '../../stores/contract/operations.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { noIdleTimes } from '../../stores/listing/entry-filter.js';
import { formatDuration } from '../../terminal/durations.js';
import { bytesText } from '../../terminal/numbers.js';
import { answer, answerJson } from '../../terminal/output.js';
import { count, countOf, entries } from '../../terminal/progress.js';
import { size } from '../../terminal/sizes.js';

/** The number of keys in a dry run's sample. */
const SAMPLE = 10;

const ALONE = ['all', 'locks'];

/** The conditions of a selective flush. */
export const filterFlags = {
  pattern: Flags.string({ summary: 'Only keys that match.', helpValue: 'GLOB', exclusive: ALONE, ...asPattern }),
  'idle-for': duration({
    summary: 'Only entries that have been idle for this long (Redis, Memcached).',
    exclusive: ALONE,
  }),
  'larger-than': size({ summary: 'Only larger entries, e.g. 100kB or 1MiB.', exclusive: ALONE }),
};

interface FilterFlags {
  readonly pattern?: string | undefined;
  readonly 'idle-for'?: number | undefined;
  readonly 'larger-than'?: number | undefined;
}

/** Undefined without a filter. @throws UsageError for a filter that matches everything */
export function filterOf(flags: FilterFlags): EntryFilter | undefined {
  const { pattern, 'idle-for': idleFor, 'larger-than': largerThan } = flags;
  if (pattern === '') throw new UsageError('the pattern is empty', 'Is a variable unset? Quote it and check it.');
  if (idleFor === 0)
    throw new UsageError('--idle-for 0 would match every entry', 'Use a duration such as 30d, or remove --idle-for.');
  if (pattern === undefined && idleFor === undefined && largerThan === undefined) return undefined;
  return {
    ...(pattern !== undefined && { pattern }),
    ...(idleFor !== undefined && { idleFor }),
    ...(largerThan !== undefined && { largerThan }),
  };
}

/** Remove the entries that match. A dry run prints their number and a sample. */
export async function flushSelection(
  { store, profile, interruption }: Work,
  only: EntryFilter,
  flags: Consent & { readonly 'dry-run': boolean; readonly json: boolean },
  warnings: readonly string[],
): Promise<void> {
  const flush = flusher(store, only);
  const dryRun = flags['dry-run'];
  const sample = new Sample();
  if (!dryRun) {
    const effect = `removes ${what(store, only)}${await forewarned(flush, only, flags.yes)}`;
    await askBeforeDestroying({ store, profile, action: 'flush', effect, warnings }, flags);
  }

  const result = await bulk(dryRun ? 'counted' : 'removed', interruption, async (progress) =>
    flush(only, { ...progress, dryRun, ...(dryRun && { onFound: (entry: ListedEntry) => sample.add(entry) }) }),
  );
  await (flags.json
    ? answerJson(documentOf(result, only, dryRun, sample))
    : answer(`${dryRun ? 'would remove' : 'removed'} ${amount(result)}\n${sample.lines.join('')}`));
}

/** @throws UnsupportedError before the prompt */
function flusher(store: Store, only: EntryFilter): NonNullable<Store['flushOnly']> {
  if (!store.flushOnly) throw unsupported(store, 'flushOnly');
  if (only.idleFor !== undefined && !store.traits.idleTimes) throw noIdleTimes(store.driver);
  return store.flushOnly;
}

/** Counts only if a person reads the prompt. */
async function forewarned(flush: NonNullable<Store['flushOnly']>, only: EntryFilter, unread: boolean): Promise<string> {
  if (unread || !process.stderr.isTTY || !process.stdin.isTTY) return '';
  return `: ${amount(await flush(only, { dryRun: true }))}`;
}

function what({ prefix }: Store, { pattern, idleFor, largerThan }: EntryFilter): string {
  const conditions = [
    pattern === undefined ? [] : `match ${printKey(pattern)}`,
    idleFor === undefined ? [] : `have been idle for ${formatDuration(idleFor)}`,
    largerThan === undefined ? [] : `are larger than ${bytesText(largerThan)}`,
  ].flat();
  return `entries that ${conditions.join(' and ')}${prefix === '' ? '' : ` under the prefix ${prefix}`}`;
}

function amount({ removed, keptLocks, bytes }: FlushOnlyResult): string {
  const kept = keptLocks === 0 ? '' : `, kept ${countOf(keptLocks, 'lock')}`;
  return `${entries(removed)}, ${bytesText(bytes)}${kept}`;
}

function documentOf(
  { removed, keptLocks, bytes }: FlushOnlyResult,
  { pattern, idleFor, largerThan }: EntryFilter,
  dryRun: boolean,
  sample: Sample,
) {
  const only = { pattern: pattern && printKey(pattern), idleFor, largerThan };
  const done = dryRun ? 'wouldRemove' : 'removed';
  return {
    [done]: removed,
    keptLocks,
    bytes,
    scope: 'prefix',
    only,
    dryRun,
    examples: dryRun ? sample.fields : undefined,
  };
}

/** A random sample, sorted by key. */
class Sample {
  readonly #entries: ListedEntry[] = [];
  #seen = 0;

  add(entry: ListedEntry): void {
    this.#seen++;
    if (this.#entries.length < SAMPLE) this.#entries.push(entry);
    else if (Math.random() < SAMPLE / this.#seen) this.#entries[Math.floor(Math.random() * SAMPLE)] = entry;
  }

  get lines(): readonly string[] {
    const lines = this.#sorted().map(({ key, size: bytes, idle }) => {
      const idleText = idle === undefined ? '' : `, idle for ${formatDuration(idle)}`;
      return `  ${printKey(key)}\t${bytesText(bytes)}${idleText}\n`;
    });
    const more = this.#seen - lines.length;
    return more > 0 ? [...lines, `  and ${count(more)} more\n`] : lines;
  }

  get fields() {
    return this.#sorted().map(({ key, size: bytes, ttl, idle }) => ({
      key: printKey(key),
      size: bytes,
      ttl,
      idle,
    }));
  }

  #sorted(): readonly ListedEntry[] {
    return this.#entries.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  }
}
