/** What a format can say of bytes that came before. */
export interface MatchRules {
  readonly shortest: 3 | 4;
  readonly longest: number;
  /** How far back, in bytes. */
  readonly farthest: number;
  /** No match begins in so many bytes at the end, */
  readonly lastStart: number;
  /** nor reaches into so many. */
  readonly lastEnd: number;
}

/**
 * Finds bytes that came before, from the start to the end, taking the first that is found: calls back with where it is, how
 * far back the same stands, and how long it is. Looks less closely the longer it finds nothing.
 */
export function eachMatch(
  bytes: Buffer,
  rules: MatchRules,
  found: (at: number, distance: number, length: number) => void,
): void {
  // One more than where a hash was last seen.
  const seen = new Uint32Array(2 ** HASH_BITS);
  const lastStart = bytes.length - rules.lastStart;
  const end = bytes.length - rules.lastEnd;
  let misses = 0;
  for (let at = 0; at < lastStart;) {
    const hash = hashAt(bytes, at, rules.shortest);
    const candidate = seen[hash]! - 1;
    seen[hash] = at + 1;
    const longest = Math.min(rules.longest, end - at);
    const length = candidate >= 0 && at - candidate <= rules.farthest ? commonLength(bytes, candidate, at, longest) : 0;
    if (length < rules.shortest) {
      at += 1 + (misses++ >> PATIENCE);
      continue;
    }

    misses = 0;
    found(at, at - candidate, length);
    at += length;
    // The next match is likely to have begun here.
    if (at - 2 < lastStart) seen[hashAt(bytes, at - 2, rules.shortest)] = at - 1;
  }
}

const HASH_BITS = 14;
/** After 2 to the power of so many misses, a step is one byte longer. */
const PATIENCE = 6;

/** There are four bytes at least, or three and the shortest match is no longer. */
function hashAt(bytes: Buffer, at: number, shortest: 3 | 4): number {
  const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  const word = shortest === 3 ? three : three | (bytes[at + 3]! << 24);
  return Math.imul(word, GOLDEN) >>> (32 - HASH_BITS);
}

/** 2 to the power of 32, by the golden ratio: spreads neighbouring words (Knuth). */
const GOLDEN = 2_654_435_761;

function commonLength(bytes: Buffer, one: number, other: number, longest: number): number {
  let length = 0;
  while (length < longest && bytes[one + length] === bytes[other + length]) length++;
  return length;
}
