import { valueLimit } from '../../value-limit.js';
import { type Compression, tooLarge } from './compression.js';
import { eachLzfMatch, MAX_MATCH } from './lzf-matches.js';
import { Output } from './output.js';

/**
 * The stream of liblzf, which phpredis stores without a frame. A byte below 32 announces one more literal than its
 * value. Any other byte begins a match: its high three bits hold the length less 2 (7: add the next byte), its low
 * five bits and the next byte hold the distance less 1.
 */
export const lzf: Compression = {
  name: 'lzf',

  compress: (bytes) => compressLzf(bytes, MAX_DISTANCE),

  decompress(bytes) {
    const limit = valueLimit();
    const output = new Output(Math.min(limit, 4 * bytes.length), limit);
    if (bytes.length > 0 && expandLzf(bytes, output)) return output.done();
    // The frame does not state the length.
    if (output.length > limit - MAX_MATCH) throw tooLarge('LZF');
  },
};

const MAX_DISTANCE = 2 ** 13;
const MAX_LITERALS = 32;
/** The largest length in three bits. The rest follows. */
const LONG = 7;

export function compressLzf(bytes: Buffer, farthest: number): Buffer {
  // Worst case: no match, so one byte before each 32.
  const into = Buffer.allocUnsafe(bytes.length + Math.ceil(bytes.length / MAX_LITERALS));
  let length = 0;
  let written = 0;

  const writeLiterals = (end: number): void => {
    while (written < end) {
      const count = Math.min(MAX_LITERALS, end - written);
      into[length++] = count - 1;
      bytes.copy(into, length, written, written + count);
      length += count;
      written += count;
    }
  };

  eachLzfMatch(bytes, farthest, (at, distance, matched) => {
    writeLiterals(at);
    const rest = matched - 2;
    const back = distance - 1;
    into[length++] = (Math.min(rest, LONG) << 5) | (back >> 8);
    if (rest >= LONG) into[length++] = rest - LONG;
    into[length++] = back & 0xff;
    written = at + matched;
  });
  writeLiterals(bytes.length);
  return into.subarray(0, length);
}

/** False if the bytes are not such a stream or the output is full. */
export function expandLzf(bytes: Buffer, output: Output): boolean {
  let at = 0;
  while (at < bytes.length) {
    const control = bytes[at++]!;
    if (control < MAX_LITERALS) {
      if (!output.literals(bytes, at, control + 1)) return false;
      at += control + 1;
      continue;
    }

    let length = (control >> 5) + 2;
    if (length === LONG + 2) length += bytes[at++] ?? 0;
    const low = bytes[at++];
    if (low === undefined || !output.repeat((((control & 0x1f) << 8) | low) + 1, length)) return false;
  }

  return true;
}
