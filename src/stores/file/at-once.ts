import { overlapping } from '../listing/concurrent.js';

/** How many files are open at once: enough to keep the disk busy, and far from the limit of open files. */
export const AT_ONCE = 32;

/** The results of `work` in the order of the items. */
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
