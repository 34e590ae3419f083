import type { BulkOptions, Store } from '../../stores/contract/store.js';
import type { Tally } from './tally.js';

import { outflow } from './entry-reader.js';
import { Inflow } from './entry-writer.js';

export interface CopyOptions {
  readonly pattern: string;
  readonly ifAbsent: boolean;
  readonly dryRun: boolean;
  readonly tally: Tally;
  /** An estimate of how many there are. */
  readonly total: number | undefined;
}

/**
 * Puts what one store holds into another: while one takes a page, the next is read from the other. Between stores of one
 * form the bytes go as they are.
 */
export async function copyEntries(
  from: Store,
  to: Store,
  { pattern, ifAbsent, dryRun, tally, total }: CopyOptions,
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const onWritten = (): void => onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  const inflow = new Inflow(to, { ifAbsent, signal, tally, onWritten });
  const asStored = !ifAbsent && to.putStored !== undefined && from.storedForm === to.storedForm;
  const pages = outflow(from, { pattern, signal, asStored, tally });
  let next = pages.next();
  for (;;) {
    const { done, value: page } = await next;
    if (done) break;
    next = pages.next();
    // Whoever waits for it is told.
    next.catch(() => {});
    if (dryRun) tally.written += page.entries.length;
    else await inflow.write(page.entries, page.readAt);
    onWritten();
    signal.throwIfAborted();
  }
}
