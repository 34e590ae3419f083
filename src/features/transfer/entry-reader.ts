import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Entry, Store } from '../../stores/contract/store.js';
import type { Tally } from './tally.js';

import { UndecodableError, UnsupportedError, WrongTypeError } from '../../errors.js';
import { taggedKey, tagHashOf } from '../../stores/tags/names.js';
import { NO_TAGS, type TransferEntry } from './entry.js';

export interface OutflowOptions {
  /** A glob on the key. */
  readonly pattern: string;
  readonly signal: AbortSignal;
  /** Give everything as the bytes that it is, for a store of the same form. */
  readonly asStored: boolean;
  /** Counts what is read, and what is left out. */
  readonly tally: Tally;
  /** Tell places, and go on at one: `ListEntriesOptions`. */
  readonly places?: boolean;
  readonly after?: string;
  /** Others are passed over, uncounted; by the key that the listing gives. All are wanted when left out. */
  readonly isWanted?: (listedKey: string) => boolean;
}

export interface OutflowPage {
  readonly entries: readonly TransferEntry[];
  /** When the store gave them, in Unix milliseconds: their ttls count from there. */
  readonly readAt: number;
  /** Where the listing goes on behind them; of `places`, where there is one. */
  readonly place: string | undefined;
}

/**
 * What a store holds, page by page. Locks are left out: whoever holds one holds it there.
 * @throws UnsupportedError where keys cannot be listed
 */
export async function* outflow(store: Store, options: OutflowOptions): AsyncGenerator<OutflowPage> {
  if (store.entries === undefined || !store.capabilities.listing) throw cannotList(store);
  const { pattern, signal, tally, places = false, after, isWanted = () => true } = options;
  const { tags } = store.capabilities;
  const listing = { pattern, signal, contents: true, tags, places, ...(after !== undefined && { after }) };
  for await (const page of store.entries(listing)) {
    const readAt = Date.now();
    const entries: TransferEntry[] = [];
    for (const listed of page) {
      if (!isWanted(listed.key)) continue;
      tally.read++;
      const entry = transferred(store, listed, options);
      if (entry !== undefined) entries.push(entry);
    }

    if (entries.length > 0 || page.place !== undefined) yield { entries, readAt, place: page.place };
  }
}

function transferred(
  store: Store,
  listed: ListedEntry,
  { asStored, tally }: OutflowOptions,
): TransferEntry | undefined {
  const { key, lock, reading } = listed;
  if (lock !== undefined) tally.locks++;
  else if (reading !== undefined && !(reading instanceof Error)) {
    return content(store, listed, reading, { asStored, tally });
  } else if (reading instanceof WrongTypeError) tally.foreign++;
  else tally.fail(key, reading ?? new Error('its content is not told'));
  return undefined;
}

function content(
  store: Store,
  listed: ListedEntry,
  reading: Entry,
  { asStored, tally }: Pick<OutflowOptions, 'asStored' | 'tally'>,
): TransferEntry | undefined {
  const { key, tags } = named(listed, tally);
  const { ttl = null } = reading;
  if (reading.ttl === undefined) tally.endless++;
  const form = store.storedForm;
  if (asStored && form !== undefined) return { key, tags, ttl, stored: storedOf(reading), form };
  try {
    const { flags } = reading;
    return { key, tags, ttl, value: reading.decode(), ...(flags !== undefined && { flags }) };
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

/** The key as its writer gave it, and the tags that it was put under. */
function named({ key, tags = NO_TAGS }: ListedEntry, tally: Tally): Pick<TransferEntry, 'key' | 'tags'> {
  const hash = tagHashOf(key);
  if (hash === undefined) return { key, tags: NO_TAGS };
  if (tags.length > 0 && taggedKey(tags, '') === `${hash}:`) return { key: key.slice(hash.length + 1), tags };
  tally.looseTags++;
  return { key, tags: NO_TAGS };
}

function cannotList({ driver }: Store): UnsupportedError {
  return new UnsupportedError(
    `the ${driver} store cannot list what it holds, so there is nothing to go by`,
    'Read the keys that you know with get --json.',
  );
}
