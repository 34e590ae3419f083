import type { BulkOptions, Store, Ttl } from '../../stores/contract/store.js';
import type { Input } from './input.js';
import type { Checkpoint } from './resume/import-state.js';
import type { Tally } from './tally.js';

import { InputError } from '../../errors.js';
import { prefetch } from '../../stores/listing/prefetch.js';
import { EntryWriter } from './entry-writer.js';
import { type LinePage, type LineStart, readLines } from './ndjson/line-reader.js';

export interface ImportOptions {
  /** For lines without one. */
  readonly ttl: Ttl;
  readonly ifAbsent: boolean;
  /** Count bad lines instead of stopping at the first. */
  readonly skipBad: boolean;
  readonly dryRun: boolean;
  readonly start: LineStart;
  /** Undefined where the input cannot be read again. */
  readonly checkpoint: Checkpoint | undefined;
  readonly tally: Tally;
}

/**
 * Stores the entries of an input, a page at a time.
 * @throws InputError that names the line
 */
export async function importEntries(
  store: Store,
  input: Input,
  options: ImportOptions,
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const { start, checkpoint, tally } = options;
  let offset = 0;
  const onWritten = (): void => {
    const total = input.size === undefined ? undefined : Math.round((tally.read / offset) * input.size);
    onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  };

  const writer = new EntryWriter(store, { ifAbsent: options.ifAbsent, signal, tally, onWritten });
  for await (const page of prefetch(readLines(input.chunks(start.offset), start, options.ttl))) {
    ({ offset } = page);
    tally.read += page.entries.length + page.expired + page.bad.length;
    tally.expired += page.expired;
    // The entries before a bad line are stored; a page with one is not acknowledged unless the line is skipped.
    const good = options.skipBad || options.dryRun ? page.entries : entriesBeforeBad(page);
    if (options.dryRun) tally.written += good.length;
    else await writer.write(good, page.readAt);
    onWritten();
    handleBad(page, options);
    if (!options.dryRun) await checkpoint?.note(page, tally);
    signal.throwIfAborted();
  }
}

/** If later entries were stored too, it would be hard to say which ones are. */
function entriesBeforeBad({ entries, bad, goodBeforeBad }: LinePage): LinePage['entries'] {
  return bad.length === 0 ? entries : entries.slice(0, goodBeforeBad);
}

function handleBad({ bad }: LinePage, { skipBad, dryRun, tally }: ImportOptions): void {
  for (const { line, error } of bad) {
    if (!skipBad && !dryRun) throw new InputError(`line ${line}: ${error.message}`, error.hint);
    tally.fail(`line ${line}`, error);
  }
}
