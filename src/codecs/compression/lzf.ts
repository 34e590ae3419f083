import { type Compression, LARGEST, tooLarge } from './compression.js';
import { eachLzfMatch, LONGEST } from './lzf-matches.js';
import { Output } from './output.js';

/**
 * liblzf's stream, without any frame: that is how phpredis stores it. A byte below 32 says that one more literal follows
 * than it says; any other has the length of a repetition, less 2, in its high three bits (7: a byte to add to it follows),
 * and how far back it is, less 1, in its low five and the next byte.
 */
export const lzf: Compression = {
  name: 'lzf',

  compress: (bytes) => compressLzf(bytes, FARTHEST),

  decompress(bytes) {
    const output = new Output(Math.min(LARGEST, 4 * bytes.length), LARGEST);
    if (bytes.length > 0 && expandLzf(bytes, output)) return output.done();
    if (output.length > LARGEST - LONGEST) throw tooLarge('LZF', output.length);
  },
};

const FARTHEST = 2 ** 13;
const MOST_LITERALS = 32;
/** In the three bits of a length: more of it follows. */
const LONG = 7;

export function compressLzf(bytes: Buffer, farthest: number): Buffer {
  // The worst: no repetition, and a byte before each 32.
  const into = Buffer.allocUnsafe(bytes.length + Math.ceil(bytes.length / MOST_LITERALS));
  let length = 0;
  let written = 0;

  const writeLiterals = (end: number): void => {
    while (written < end) {
      const count = Math.min(MOST_LITERALS, end - written);
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

/** Whether the bytes are such a stream, and there was room for what they say. */
export function expandLzf(bytes: Buffer, output: Output): boolean {
  let at = 0;
  while (at < bytes.length) {
    const control = bytes[at++]!;
    if (control < MOST_LITERALS) {
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
