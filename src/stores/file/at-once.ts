import { overlapping } from '../listing/concurrent.js';

/** Files open at once: enough to keep the disk busy, far below the limit of open files. */
export const AT_ONCE = 32;

/** Run `work` on each item concurrently. The results are in the order of the items. */
export async function mapped<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = Array.from({ length: items.length });
  await overlapping(items.entries(), AT_ONCE, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
}
