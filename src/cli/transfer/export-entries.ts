import type { BulkOptions, Store } from '../../stores/contract.js';
import type { LineOutput } from './output-file.js';
import type { Tally } from './tally.js';

import { outflow } from './outflow.js';
import { printLine } from './print-line.js';

/** Characters that are written at once. */
const WRITTEN_AT_ONCE = 64 * 1024;

/** Prints what the store holds, a line to an entry. @param total an estimate of how many there are */
export async function exportEntries(
  store: Store,
  output: LineOutput,
  { pattern, tally, total }: { readonly pattern: string; readonly tally: Tally; readonly total: number | undefined },
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const write = async (lines: string, count: number): Promise<void> => {
    await output.write(Buffer.from(lines));
    tally.written += count;
    onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  };

  let text = '';
  let lines = 0;
  for await (const page of outflow(store, { pattern, signal, asStored: false, tally })) {
    const now = Math.floor(Date.now() / 1000);
    for (const entry of page) {
      text += printLine(entry, now);
      lines++;
      if (text.length < WRITTEN_AT_ONCE) continue;
      await write(text, lines);
      text = '';
      lines = 0;
    }

    signal.throwIfAborted();
  }

  if (lines > 0) await write(text, lines);
}
