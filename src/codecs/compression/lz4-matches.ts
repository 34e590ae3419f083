import { type FoundMatch, Seen } from './seen.js';

export const SHORTEST = 4;

/**
 * The repetitions that liblz4 finds at its default speed in less than 64 KiB, and no others: the owner of a lock is compared
 * by its bytes, so that what is the same must become the same. In longer texts they may be others.
 */
export function eachLz4Match(bytes: Buffer, found: FoundMatch): void {
  // No repetition begins in the last twelve bytes, or reaches into the last five: the format's own rule.
  const lastStart = bytes.length - 11;
  const end = bytes.length - 5;
  if (lastStart < 2) return;
  SEEN.begin(bytes.length);
  SEEN.note(hashAt(bytes, 0), 0);
  let written = 0;
  for (let at = 1; ; at++) {
    let candidate = 0;
    // The longer nothing is found, the larger the steps.
    let next = at;
    for (let tries = 0; ; tries++) {
      at = next;
      next += 1 + (Math.max(0, tries - 1) >> PATIENCE);
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
const FARTHEST = 0xff_ff;
/** After 2 to the power of so many tries more than the first, a step is one byte longer. */
const PATIENCE = 6;

function hashAt(bytes: Buffer, at: number): number {
  return Math.imul(bytes.readInt32LE(at), 2_654_435_761) >>> (32 - HASH_BITS);
}

function isMatch(bytes: Buffer, one: number, other: number): boolean {
  return other - one <= FARTHEST && bytes.readInt32LE(one) === bytes.readInt32LE(other);
}

function lengthOf(bytes: Buffer, one: number, other: number, end: number): number {
  let length = SHORTEST;
  while (other + length < end && bytes[one + length] === bytes[other + length]) length++;
  return length;
}
