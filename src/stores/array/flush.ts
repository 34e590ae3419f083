import type { FlushOptions, FlushResult } from '../contract/store.js';
import type { ArrayContext } from './context.js';

import { isScheduleMutex } from '../locks/names.js';

/** Removes what lies under the prefix, or all of the memory. */
export async function flush(context: ArrayContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const { memory } = context;
  const isAll = options.scope === 'all';
  const prefix = isAll ? '' : context.prefix;
  const found = memory.keys(prefix);
  const held = memory.heldLocks(prefix);
  const takesLocks = options.locks || isAll;
  const keys = takesLocks ? found : found.filter((key) => !isScheduleMutex(key.slice(prefix.length)));
  const removed = keys.length + (takesLocks ? held.length : 0);
  const result = { removed, keptLocks: takesLocks ? 0 : held.length + found.length - keys.length };
  if (options.dryRun) return result;
  for (const key of keys) memory.remove(key);
  if (takesLocks) for (const name of held) memory.letGo(name);
  if (isAll) memory.tell({ time: Date.now(), type: 'CacheFlushed' });
  options.onProgress?.({ done: removed, total: removed });
  return result;
}
