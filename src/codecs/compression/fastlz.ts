import { compressLzf, expandLzf } from './lzf.js';
import { Output } from './output.js';

/**
 * FastLZ. Level 1 is the stream of LZF. Level 2 encodes longer lengths and distances. The high three bits of the
 * first byte, which begins a literal, are the level less 1. This writes level 1.
 */
export function compressFastlz(bytes: Buffer): Buffer {
  return compressLzf(bytes, MAX_DISTANCE - 1);
}

/** Undefined if it is not a FastLZ stream of exactly that length. */
export function decompressFastlz(bytes: Buffer, length: number): Buffer | undefined {
  if (bytes.length === 0) return undefined;
  const output = new Output(length);
  const level = bytes[0]! >> 5;
  const isWhole = level === 0 ? expandLzf(bytes, output) : level === 1 && expandLevel2(bytes, output);
  return isWhole && output.length === length ? output.done() : undefined;
}

const MAX_DISTANCE = 2 ** 13;
const MAX_LITERALS = 32;
const CONTINUED = 0xff;

/**
 * Level 2 differs from level 1 in two ways. A length of 7 is followed by bytes to add, up to the first that is not
 * 255. The greatest distance means that the rest follows in two more bytes.
 */
function expandLevel2(bytes: Buffer, output: Output): boolean {
  let at = 0;
  let control = bytes[at++]! & 0x1f;
  for (;;) {
    if (control < MAX_LITERALS) {
      if (!output.literals(bytes, at, control + 1)) return false;
      at += control + 1;
    } else {
      let length = (control >> 5) + 2;
      if (length === 9) {
        let more = CONTINUED;
        while (more === CONTINUED && at < bytes.length) {
          more = bytes[at++]!;
          length += more;
        }
      }

      let distance = (((control & 0x1f) << 8) | (bytes[at++] ?? 0)) + 1;
      if (distance === MAX_DISTANCE) {
        distance += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
        at += 2;
      }

      if (at > bytes.length || !output.repeat(distance, length)) return false;
    }

    if (at >= bytes.length) return true;
    control = bytes[at++]!;
  }
}
