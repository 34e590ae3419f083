import { type FoundMatch, Seen } from './seen.js';

/** The longest encodable match. */
export const MAX_MATCH = 264;

/**
 * The matches that liblzf finds (version 3, bundled with phpredis), and no others. PHP compares lock owners by their
 * compressed bytes, so equal text must give equal bytes.
 */
export function eachLzfMatch(bytes: Buffer, farthest: number, found: FoundMatch): void {
  SEEN.begin(bytes.length);
  // A match has at least three bytes.
  const end = bytes.length - 2;
  for (let at = 0; at < end;) {
    const candidate = SEEN.noted(hashAt(bytes, at), at);
    // liblzf never refers to the first byte.
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

/** liblzf leaves out the last two bytes, unless it has compared sixteen in a row. */
function lengthOf(bytes: Buffer, one: number, other: number): number {
  const longest = Math.min(MAX_MATCH, bytes.length - other - 2);
  let length = 3;
  if (longest > 16) {
    while (length < 19 && bytes[one + length] === bytes[other + length]) length++;
    if (length < 19) return length;
  }

  while (length < longest && bytes[one + length] === bytes[other + length]) length++;
  return length;
}
