import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/flush.js';
import type { EntryPages, ListedEntry } from '../contract/listing.js';
import type { BulkOptions } from '../contract/store.js';

import { UnsupportedError } from '../../errors.js';

/** Whether a listed entry matches a filter, apart from its pattern. An unknown figure does not match. */
export function matchesFilter({ idleFor = 0, largerThan = -1 }: EntryFilter, { idle, size }: ListedEntry): boolean {
  return size > largerThan && (idleFor === 0 || (idle !== undefined && idle >= idleFor));
}

/** A flush keeps entries that are listed as locks. */
export function isKeptLock({ lock }: ListedEntry): boolean {
  return lock !== undefined;
}

/** @param pages listed by the pattern, with idle times if the filter needs them */
export async function countMatching(
  pages: EntryPages,
  only: EntryFilter,
  { signal, onProgress, onFound }: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  const tally = new FlushTally({ ...(onProgress && { onProgress }) });
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const entry of page) {
      if (!matchesFilter(only, entry)) continue;
      tally.add(isKeptLock(entry) ? { keptLocks: 1 } : { removed: 1, bytes: entry.size });
      if (!isKeptLock(entry)) onFound?.(entry);
    }
  }

  return tally.result;
}

/**
 * Remove the entries that match, page by page, except locks.
 * @param pages as for `countMatching`, which counts them for a dry run
 * @param remove removes those of a page that still match
 */
export async function flushMatching(
  pages: EntryPages,
  only: EntryFilter,
  options: FlushOnlyOptions,
  remove: (entries: readonly ListedEntry[]) => FlushOnlyResult | Promise<FlushOnlyResult>,
): Promise<FlushOnlyResult> {
  if (options.dryRun) return countMatching(pages, only, options);
  const tally = new FlushTally(options);
  for await (const page of pages) {
    const matching = page.filter((entry) => matchesFilter(only, entry));
    const entries = matching.filter((entry) => !isKeptLock(entry));
    tally.add({ keptLocks: matching.length - entries.length });
    if (entries.length > 0) tally.add(await remove(entries));
    options.signal?.throwIfAborted();
  }

  return tally.result;
}

/** The progress so far. */
export class FlushTally {
  readonly #onProgress: BulkOptions['onProgress'];
  #result: FlushOnlyResult = { removed: 0, keptLocks: 0, bytes: 0 };

  constructor({ onProgress }: Pick<BulkOptions, 'onProgress'>) {
    this.#onProgress = onProgress;
  }

  add({ removed = 0, keptLocks = 0, bytes = 0 }: Partial<FlushOnlyResult>): void {
    const before = this.#result;
    this.#result = {
      removed: before.removed + removed,
      keptLocks: before.keptLocks + keptLocks,
      bytes: before.bytes + bytes,
    };
    this.#onProgress?.({ done: this.#result.removed });
  }

  get result(): FlushOnlyResult {
    return this.#result;
  }
}

/** @throws UnsupportedError for a filter that the store does not support */
export function refuseIdleFor(driver: string, { idleFor }: EntryFilter): void {
  if (idleFor !== undefined) throw noIdleTimes(driver);
}

/** Only Redis and Memcached record idle times. */
export function noIdleTimes(driver: string): UnsupportedError {
  return new UnsupportedError(
    `the ${driver} store does not record idle times`,
    'Select entries by key or size instead: PATTERN or --larger-than. keys --sort ttl shows what expires next.',
  );
}
