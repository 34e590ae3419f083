import type { Store } from '../../stores/contract/store.js';

import { notesReachAPerson } from '../../terminal/output.js';

/** How many entries there are, for the person who watches; undefined where it would take long, or nobody watches. */
export async function estimate(store: Store, pattern: string, signal: AbortSignal): Promise<number | undefined> {
  return notesReachAPerson() && store.count ? store.count({ pattern, signal }) : undefined;
}
