/** Bytes of values that are read at once, where they are read for a listing; a single one may have more. */
export const MOST_AT_ONCE = 4 * 1024 * 1024;

/** The items in portions, so that what they hold can be read, one portion after the other, in bounded memory. */
export function* withinBytes<Item extends { readonly size: number }>(
  items: readonly Item[],
): Generator<readonly Item[]> {
  let some: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    if (some.length > 0 && bytes + item.size > MOST_AT_ONCE) {
      yield some;
      [some, bytes] = [[], 0];
    }

    some.push(item);
    bytes += item.size;
  }

  if (some.length > 0) yield some;
}
