import { type FoundMatch, Seen } from './seen.js';

export const MIN_MATCH = 4;

/**
 * The matches that liblz4 finds at its default speed in less than 64 KiB, and no others. PHP compares lock owners by
 * their compressed bytes, so equal text must give equal bytes. Longer text may give other matches.
 */
export function eachLz4Match(bytes: Buffer, found: FoundMatch): void {
  // Rule of the format: no match begins in the last twelve bytes or reaches into the last five.
  const lastStart = bytes.length - 11;
  const end = bytes.length - 5;
  if (lastStart < 2) return;
  SEEN.begin(bytes.length);
  SEEN.note(hashAt(bytes, 0), 0);
  let written = 0;
  for (let at = 1; ; at++) {
    let candidate = 0;
    // The step grows while there is no match.
    let next = at;
    for (let tries = 0; ; tries++) {
      at = next;
      next += 1 + (Math.max(0, tries - 1) >> SKIP_TRIGGER);
      if (next > lastStart) return;
      candidate = SEEN.noted(hashAt(bytes, at), at);
      if (isMatch(bytes, candidate, at)) break;
    }

    while (at > written && candidate > 0 && bytes[at - 1] === bytes[candidate - 1]) {
      at--;
      candidate--;
    }

    do {
      const length = lengthOf(bytes, candidate, at, end);
      found(at, at - candidate, length);
      at += length;
      written = at;
      if (at >= lastStart) return;
      SEEN.note(hashAt(bytes, at - 2), at - 2);
      candidate = SEEN.noted(hashAt(bytes, at), at);
    } while (isMatch(bytes, candidate, at));
  }
}

const HASH_BITS = 13;
const SEEN = new Seen(HASH_BITS);
const MAX_DISTANCE = 0xff_ff;
/** Each 2^6 further misses make the step one byte longer (LZ4_skipTrigger). */
const SKIP_TRIGGER = 6;

function hashAt(bytes: Buffer, at: number): number {
  return Math.imul(bytes.readInt32LE(at), 2_654_435_761) >>> (32 - HASH_BITS);
}

function isMatch(bytes: Buffer, one: number, other: number): boolean {
  return other - one <= MAX_DISTANCE && bytes.readInt32LE(one) === bytes.readInt32LE(other);
}

function lengthOf(bytes: Buffer, one: number, other: number, end: number): number {
  let length = MIN_MATCH;
  while (other + length < end && bytes[one + length] === bytes[other + length]) length++;
  return length;
}
