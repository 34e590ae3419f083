import type { BulkOptions, Store } from '../../stores/contract/store.js';
import type { TransferEntry } from './entry.js';
import type { LineOutput } from './output.js';
import type { Tally } from './tally.js';

import { LostPlaceError } from '../../errors.js';
import { prefetch } from '../../stores/listing/prefetch.js';
import { note } from '../../terminal/output.js';
import { type ReadOptions, readPages } from './entry-reader.js';
import { printLine, printValue } from './ndjson/line-writer.js';
import { unwritten } from './resume/written-keys.js';

/** Characters that are written at once, approximately. */
const BATCH_SIZE = 64 * 1024;

interface ExportOptions {
  readonly pattern: string;
  readonly tally: Tally;
  /** Estimated number of entries. */
  readonly total: number | undefined;
}

/**
 * Prints the entries of a store, one to a line. Continues what the output holds already: at the place of the listing, or,
 * where there is none, with the keys that are not in it.
 */
export async function exportEntries(
  store: Store,
  output: LineOutput,
  { pattern, tally, total }: ExportOptions,
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const print = async (some: Pick<ReadOptions<string>, 'after' | 'isWanted' | 'places'>): Promise<void> => {
    const hasPlaces = some.places === true && store.traits.listingPlaces === true;
    const pages = readPages(store, { pattern, signal, asStored: false, valueOf: printValue, tally, ...some });
    for await (const { entries, readAt, place } of prefetch(pages)) {
      for (const { text, count } of batches(entries, Math.floor(readAt / 1000))) {
        await output.write(Buffer.from(text));
        tally.written += count;
        onProgress({ done: tally.written, ...(total !== undefined && { total }) });
      }

      if (place !== undefined || !hasPlaces) await output.reached(hasPlaces ? place : undefined);
      signal.throwIfAborted();
    }
  };

  const { written, after } = output.start;
  if (written === undefined) return print({ places: true });
  if (after !== undefined && store.traits.listingPlaces) {
    try {
      return await print({ places: true, after });
    } catch (error) {
      if (!(error instanceof LostPlaceError)) throw error;
      note(`${error.message}: looking for entries that are not written yet`);
    }
  }

  tally.keepWritten();
  for await (const isWanted of unwritten(written)) await print({ isWanted });
}

/** @param now the Unix time that their TTLs count from */
function* batches(entries: Iterable<TransferEntry<string>>, now: number): Generator<{ text: string; count: number }> {
  let text = '';
  let count = 0;
  for (const entry of entries) {
    text += printLine(entry, now);
    count++;
    if (text.length < BATCH_SIZE) continue;
    yield { text, count };
    [text, count] = ['', 0];
  }

  if (count > 0) yield { text, count };
}
