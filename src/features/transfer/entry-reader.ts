import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Entry, Store } from '../../stores/contract/store.js';
import type { Tally } from './tally.js';

import { UndecodableError, WrongTypeError } from '../../errors.js';
import { unsupported } from '../../stores/contract/operations.js';
import { taggedKey, tagHashOf } from '../../stores/tags/names.js';
import { NO_TAGS, type TransferEntry } from './entry.js';

export interface ReadOptions<V> {
  /** A glob on the key. */
  readonly pattern: string;
  readonly signal: AbortSignal;
  /** Give every entry as its stored bytes, for a store of the same form. */
  readonly asStored: boolean;
  /** The form in which the reader wants a value. @throws UndecodableError */
  readonly valueOf: (reading: Entry) => V;
  /** Counts what is read and what is left out. */
  readonly tally: Tally;
  /** Report places, and continue at one: see `ListEntriesOptions`. */
  readonly places?: boolean;
  readonly after?: string;
  /** Takes a key as the listing gives it. Other entries are skipped and not counted. Default: every entry. */
  readonly isWanted?: (listedKey: string) => boolean;
}

export interface EntryPage<V> {
  /** Read and counted one by one, once: only one of them is in memory. */
  readonly entries: Iterable<TransferEntry<V>>;
  /** When the store returned them, in Unix milliseconds: their TTLs count from then. */
  readonly readAt: number;
  /** Where the listing continues after them, if places were asked for and there is one. */
  readonly place: string | undefined;
}

/**
 * Read the entries of a store page by page. Skips locks, which are held in this store only.
 * @throws UnsupportedError where keys cannot be listed
 */
export async function* readPages<V>(store: Store, options: ReadOptions<V>): AsyncGenerator<EntryPage<V>> {
  if (store.entries === undefined) throw unsupported(store, 'entries');
  const { pattern, signal, places = false, after } = options;
  const tags = store.supports('tags');
  const listing = { pattern, signal, contents: true, tags, places, ...(after !== undefined && { after }) };
  for await (const page of store.entries(listing)) {
    yield { entries: entriesOf(store, page, options), readAt: page.readAt ?? Date.now(), place: page.place };
  }
}

function* entriesOf<V>(
  store: Store,
  page: readonly ListedEntry[],
  options: ReadOptions<V>,
): Generator<TransferEntry<V>, void> {
  const { isWanted, tally } = options;
  for (const listed of page) {
    if (isWanted?.(listed.key) === false) continue;
    tally.read++;
    const entry = entryOf(store, listed, options);
    if (entry !== undefined) yield entry;
  }
}

function entryOf<V>(store: Store, listed: ListedEntry, options: ReadOptions<V>): TransferEntry<V> | undefined {
  const { key, lock, reading } = listed;
  const { tally } = options;
  if (lock !== undefined) tally.locks++;
  else if (reading !== undefined && !(reading instanceof Error)) {
    return contentOf(store, listed, reading, options);
  } else if (reading instanceof WrongTypeError) tally.foreign++;
  else tally.fail(key, reading ?? new Error('the listing did not return its content'));
  return undefined;
}

function contentOf<V>(
  store: Store,
  listed: ListedEntry,
  reading: Entry,
  { asStored, valueOf, tally }: ReadOptions<V>,
): TransferEntry<V> | undefined {
  const hash = tagHashOf(listed.key);
  const { key, tags } = hash === undefined ? { key: listed.key, tags: NO_TAGS } : namesOf(listed, hash, tally);
  const { ttl = null } = reading;
  if (reading.ttl === undefined) tally.endless++;
  const form = store.storedForm;
  if (asStored && form !== undefined) return { key, tags, ttl, stored: storedOf(reading), form };
  try {
    const { flags } = reading;
    const value = valueOf(reading);
    return flags === undefined ? { key, tags, ttl, value } : { key, tags, ttl, value, flags };
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    if (form === undefined) {
      tally.fail(listed.key, error);
      return undefined;
    }

    tally.asStored++;
    return { key, tags, ttl, stored: storedOf(reading), form };
  }
}

function storedOf(reading: Entry): Buffer {
  return reading.inForm?.() ?? reading.stored;
}

/** The key as its writer gave it, and the tags it was stored under. */
function namesOf(
  { key, tags = NO_TAGS }: ListedEntry,
  hash: string,
  tally: Tally,
): Pick<TransferEntry, 'key' | 'tags'> {
  if (tags.length > 0 && taggedKey(tags, '') === `${hash}:`) return { key: key.slice(hash.length + 1), tags };
  tally.looseTags++;
  return { key, tags: NO_TAGS };
}
