import type { BulkOptions, Store } from '../../stores/contract/store.js';
import type { TransferEntry } from './entry.js';
import type { LineOutput } from './output.js';
import type { Tally } from './tally.js';

import { LostPlaceError } from '../../errors.js';
import { note } from '../../terminal/output.js';
import { outflow, type OutflowOptions } from './entry-reader.js';
import { printLine } from './ndjson/line-writer.js';
import { unwritten } from './resume/written-keys.js';

/** Characters that are written at once, at most about so many. */
const WRITTEN_AT_ONCE = 64 * 1024;

interface ExportOptions {
  readonly pattern: string;
  readonly tally: Tally;
  /** An estimate of how many there are. */
  readonly total: number | undefined;
}

/**
 * Prints what the store holds, a line to an entry, and goes on where the output was left: at the place of the listing, or,
 * where there is none, with the keys that are not among its lines.
 */
export async function exportEntries(
  store: Store,
  output: LineOutput,
  options: ExportOptions,
  bulk: Required<BulkOptions>,
): Promise<void> {
  const { written, after } = output.start;
  const lines = new Lines(store, output, options, bulk);
  if (written === undefined) return lines.write({ places: true });
  if (after !== undefined && store.capabilities.listingPlaces) {
    try {
      return await lines.write({ places: true, after });
    } catch (error) {
      if (!(error instanceof LostPlaceError)) throw error;
      note(`${error.message}: looking for what is not written yet`);
    }
  }

  options.tally.keepWritten();
  for await (const isWanted of unwritten(written)) await lines.write({ isWanted });
}

class Lines {
  readonly #store: Store;
  readonly #output: LineOutput;
  readonly #options: ExportOptions;
  readonly #bulk: Required<BulkOptions>;

  constructor(store: Store, output: LineOutput, options: ExportOptions, bulk: Required<BulkOptions>) {
    this.#store = store;
    this.#output = output;
    this.#options = options;
    this.#bulk = bulk;
  }

  async write(some: Pick<OutflowOptions, 'after' | 'isWanted' | 'places'>): Promise<void> {
    const { pattern, tally } = this.#options;
    const { signal } = this.#bulk;
    const hasPlaces = some.places === true && this.#store.capabilities.listingPlaces === true;
    for await (const { entries, readAt, place } of outflow(this.#store, {
      pattern,
      signal,
      asStored: false,
      tally,
      ...some,
    })) {
      await this.#print(entries, Math.floor(readAt / 1000));
      if (place !== undefined || !hasPlaces) this.#output.reached(hasPlaces ? place : undefined);
      signal.throwIfAborted();
    }
  }

  /** @param now the Unix time that their ttls count from */
  async #print(entries: readonly TransferEntry[], now: number): Promise<void> {
    let text = '';
    let count = 0;
    for (const [index, entry] of entries.entries()) {
      text += printLine(entry, now);
      count++;
      if (text.length < WRITTEN_AT_ONCE && index + 1 < entries.length) continue;
      await this.#write(text, count);
      [text, count] = ['', 0];
    }
  }

  async #write(lines: string, count: number): Promise<void> {
    const { tally, total } = this.#options;
    await this.#output.write(Buffer.from(lines));
    tally.written += count;
    this.#bulk.onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  }
}
