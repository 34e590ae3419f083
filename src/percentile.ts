/**
 * The nearest-rank percentile; undefined for an empty list.
 * @param sorted in ascending order
 * @param share 0 to 1
 */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** A sorted copy. */
export function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((one, other) => one - other);
}
