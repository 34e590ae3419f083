/** Nodes of a list, or sentinels, of which each has its turn before time is up; of a longer list the first so many. */
const MOST_TURNS = 3;

/**
 * How long one of several that are asked in turn may take to answer, in milliseconds, so that one that is silent, as a host
 * that is down is, does not use up the time of the others.
 */
export function timeoutOfOne({ length }: readonly unknown[], timeoutMs: number): number {
  return Math.ceil(timeoutMs / Math.max(1, Math.min(length, MOST_TURNS)));
}
