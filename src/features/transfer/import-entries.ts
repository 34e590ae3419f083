import type { BulkOptions, Store, Ttl } from '../../stores/contract/store.js';
import type { Input } from './input.js';
import type { Checkpoint } from './resume/import-state.js';
import type { Tally } from './tally.js';

import { InputError } from '../../errors.js';
import { Inflow } from './entry-writer.js';
import { type LinePage, linePages, type LineStart } from './ndjson/line-reader.js';

export interface ImportOptions {
  /** Of entries that bring none. */
  readonly ttl: Ttl;
  readonly ifAbsent: boolean;
  /** Count bad lines, and go on. */
  readonly skipBad: boolean;
  readonly dryRun: boolean;
  readonly start: LineStart;
  /** Undefined where the input cannot be gone back to. */
  readonly checkpoint: Checkpoint | undefined;
  readonly tally: Tally;
}

/**
 * Puts what the lines say into the store, a page at a time: while the store is at one, the next is read.
 * @throws InputError that names the line
 */
export async function importEntries(
  store: Store,
  input: Input,
  options: ImportOptions,
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const { start, checkpoint, tally } = options;
  const tell = (offset: number): void => {
    const total = input.size === undefined ? undefined : Math.round((tally.read / offset) * input.size);
    onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  };

  let offset = 0;
  const inflow = new Inflow(store, { ifAbsent: options.ifAbsent, signal, tally, onWritten: () => tell(offset) });
  const pages = linePages(input.chunks(start.offset), start, options.ttl);
  let next = pages.next();
  for (;;) {
    const { done, value: page } = await next;
    if (done) break;
    next = pages.next();
    // Whoever waits for it is told.
    next.catch(() => {});
    ({ offset } = page);
    tally.read += page.entries.length + page.expired + page.bad.length;
    tally.expired += page.expired;
    // What comes before a bad line is stored; a page with one is not acknowledged unless it is skipped.
    const good = options.skipBad || options.dryRun ? page.entries : entriesBefore(page);
    if (options.dryRun) tally.written += good.length;
    else await inflow.write(good, page.readAt);
    tell(offset);
    noteBad(page, options);
    if (!options.dryRun) await checkpoint?.note(page, tally);
    signal.throwIfAborted();
  }
}

/** With those behind it, it would be hard to say what was stored. */
function entriesBefore(page: LinePage): LinePage['entries'] {
  return page.bad.length === 0 ? page.entries : page.entries.slice(0, page.goodBeforeBad);
}

function noteBad({ bad }: LinePage, { skipBad, dryRun, tally }: ImportOptions): void {
  for (const { line, error } of bad) {
    if (!skipBad && !dryRun) throw new InputError(`line ${line}: ${error.message}`, error.hint);
    tally.fail(`line ${line}`, error);
  }
}
