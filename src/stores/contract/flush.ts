import type { BulkOptions } from './entries.js';
import type { ListedEntry } from './listing.js';

/** What a flush hits. */
export interface FlushOptions extends BulkOptions {
  /** `prefix`: what lies under the profile's prefix. `all`: the whole database, whoever wrote it. */
  readonly scope: 'all' | 'prefix';
  /** Also flush locks, those that can be told from entries. `scope: 'all'` always takes them. */
  readonly locks: boolean;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface FlushResult {
  /** Entries removed (or that would be), and locks where they go too; bookkeeping of tags is not counted. */
  readonly removed: number;
  /** Locks that were recognised and kept. */
  readonly keptLocks: number;
  /** What lies in the scope and was neither counted nor removed, since no cache wrote it. */
  readonly leftOthers?: number;
}

/** Which entries are meant: those of which all is so that is given. */
export interface EntryFilter {
  /** A glob on the key. */
  readonly pattern?: string;
  /** Seconds: neither read nor written for at least that long, as the server tells. */
  readonly idleFor?: number;
  /** Bytes, as `ListedEntry.size` has them. */
  readonly largerThan?: number;
}

export interface FlushOnlyOptions extends BulkOptions {
  /** Count only. With `idleFor` the look does not count as a use. */
  readonly dryRun: boolean;
  /** Told of each entry that would go; of a dry run. */
  readonly onFound?: (entry: ListedEntry) => void;
}

export interface FlushOnlyResult extends FlushResult {
  /** What the removed entries held, in bytes, as their sizes have it. */
  readonly bytes: number;
}
