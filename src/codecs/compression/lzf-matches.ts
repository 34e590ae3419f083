import { type FoundMatch, Seen } from './seen.js';

/** What a length can say. */
export const LONGEST = 264;

/**
 * The repetitions that liblzf finds (version 3, as phpredis has it in itself), and no others: the owner of a lock is compared
 * by its bytes, so that what is the same must become the same.
 */
export function eachLzfMatch(bytes: Buffer, farthest: number, found: FoundMatch): void {
  SEEN.begin(bytes.length);
  // A repetition has three bytes at least.
  const end = bytes.length - 2;
  for (let at = 0; at < end;) {
    const candidate = SEEN.noted(hashAt(bytes, at), at);
    // The first byte is never referred to.
    if (candidate === 0 || at - candidate > farthest || !isSame(bytes, candidate, at)) {
      at++;
      continue;
    }

    const length = lengthOf(bytes, candidate, at);
    found(at, at - candidate, length);
    at += length;
    if (at >= end) break;
    SEEN.note(hashAt(bytes, at - 2), at - 2);
    SEEN.note(hashAt(bytes, at - 1), at - 1);
  }
}

const HASH_BITS = 16;
const SEEN = new Seen(HASH_BITS);

function hashAt(bytes: Buffer, at: number): number {
  const three = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  return (Math.imul(three, 0x1e_35_a7_bd) >>> 8) & 0xff_ff;
}

function isSame(bytes: Buffer, one: number, other: number): boolean {
  return bytes[one] === bytes[other] && bytes[one + 1] === bytes[other + 1] && bytes[one + 2] === bytes[other + 2];
}

/** Of the last bytes two are left out, unless sixteen in a row were looked at together. */
function lengthOf(bytes: Buffer, one: number, other: number): number {
  const longest = Math.min(LONGEST, bytes.length - other - 2);
  let length = 3;
  if (longest > 16) {
    while (length < 19 && bytes[one + length] === bytes[other + length]) length++;
    if (length < 19) return length;
  }

  while (length < longest && bytes[one + length] === bytes[other + length]) length++;
  return length;
}
