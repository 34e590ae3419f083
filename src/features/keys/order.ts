import type { ListedEntry } from '../../stores/contract/listing.js';

export const ORDERS = ['key', 'size', 'ttl', 'idle'] as const;

export type Order = (typeof ORDERS)[number];

type Comparison = (one: ListedEntry, other: ListedEntry) => number;

/**
 * Sort by key, largest first, next to expire first, or longest idle first, then by key. Holds all entries in memory or,
 * with a limit, about twice that many.
 */
export async function sorted(
  pages: AsyncIterable<readonly ListedEntry[]>,
  { order, reverse, limit = Infinity }: { order: Order; reverse: boolean; limit?: number | undefined },
): Promise<readonly ListedEntry[]> {
  const compare = comparison(order, reverse);
  let held: ListedEntry[] = [];
  for await (const page of pages) {
    for (const entry of page) held.push(entry);
    if (held.length >= 2 * limit + SLACK) held = cut(held, compare, limit);
  }

  return cut(held, compare, limit);
}

/** Avoids frequent sorting with a small limit. */
const SLACK = 1000;

function cut(entries: ListedEntry[], compare: Comparison, limit: number): ListedEntry[] {
  // Redis may return a key twice: keep what was seen last.
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  return [...last.values()].sort(compare).slice(0, limit);
}

function comparison(order: Order, reverse: boolean): Comparison {
  const sign = reverse ? -1 : 1;
  return (one, other) => sign * (COMPARE[order](one, other) || byKey(one, other));
}

const COMPARE: Readonly<Record<Order, Comparison>> = {
  key: byKey,
  size: (one, other) => other.size - one.size,
  ttl: (one, other) => ascending(leftOf(one), leftOf(other)),
  idle: (one, other) => ascending(other.idle ?? 0, one.idle ?? 0),
};

function byKey(one: ListedEntry, other: ListedEntry): number {
  return one.key < other.key ? -1 : Number(one.key > other.key);
}

function leftOf({ ttl }: ListedEntry): number {
  return ttl ?? Infinity;
}

/** By comparison, since the difference of infinities is NaN. */
function ascending(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
