/** The limit for values that a listing reads at once, in bytes. A single value may exceed it. */
export const MAX_AT_ONCE = 4 * 1024 * 1024;

/** Split items into portions, so that their values can be read in bounded memory. */
export function* withinBytes<Item extends { readonly size: number }>(
  items: readonly Item[],
): Generator<readonly Item[]> {
  let some: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (some.length > 0 && bytes + item.size > MAX_AT_ONCE) {
      yield some;
      [some, bytes] = [[], 0];
    }

    some.push(item);
    bytes += item.size;
  }

  if (some.length > 0) yield some;
}
