import type { Store } from '../../../stores/contract/store.js';
import type { Input } from '../input.js';
import type { LineStart } from '../ndjson/line-reader.js';
import type { Tally } from '../tally.js';

import { UsageError } from '../../../errors.js';
import { note } from '../../../terminal/output.js';
import { count } from '../../../terminal/progress.js';
import { Checkpoint } from './import-state.js';

const FIRST_LINE: LineStart = { offset: 0, lines: 0 };

interface Beginning {
  readonly store: Store;
  readonly tally: Tally;
  readonly resume: boolean;
  readonly dryRun: boolean;
}

/**
 * Where an import begins, and what keeps how far it comes.
 * @throws UsageError when it is to go on and cannot
 */
export async function beginning(
  path: string,
  { file }: Input,
  { store, tally, resume, dryRun }: Beginning,
): Promise<{ readonly start: LineStart; readonly checkpoint: Checkpoint | undefined }> {
  if (resume && dryRun)
    throw new UsageError('--dry-run stores nothing that could be gone on with', 'Give one of them.');
  if (file === undefined) {
    if (!resume) return { start: FIRST_LINE, checkpoint: undefined };
    throw new UsageError(`${path === '-' ? 'standard input' : path} has no places to go back to`, 'Import a file.');
  }

  const checkpoint = new Checkpoint(path, file, store);
  if (!resume) return { start: FIRST_LINE, checkpoint };
  const start = await checkpoint.resume(tally);
  if (start !== undefined) note(`going on after line ${count(start.lines)}`);
  return { start: start ?? FIRST_LINE, checkpoint };
}
