import { valueLimit } from '../../value-limit.js';
import { type Compression, tooLarge } from './compression.js';
import { eachLz4Match, MIN_MATCH } from './lz4-matches.js';
import { Output } from './output.js';

/**
 * An LZ4 block in phpredis's frame: a CRC of the length, the original length (32 bits, little-endian), the block.
 * Empty input stays empty.
 */
export const lz4: Compression = {
  name: 'lz4',

  compress(bytes) {
    if (bytes.length === 0) return bytes;
    const head = Buffer.allocUnsafe(HEAD);
    head.writeUInt32LE(bytes.length, 1);
    head[0] = crc8(head.subarray(1));
    return Buffer.concat([head, compressBlock(bytes)]);
  },

  decompress(bytes) {
    if (bytes.length <= HEAD || crc8(bytes.subarray(1, HEAD)) !== bytes[0]) return;
    const length = bytes.readUInt32LE(1);
    // A byte of a block expands to at most 255 bytes.
    if (length > 255 * bytes.length) return;
    if (length > valueLimit()) throw tooLarge('LZ4', length);
    return expandBlock(bytes.subarray(HEAD), length);
  },
};

const HEAD = 5;
/** The largest length in four bits. The rest follows. */
const LONG = 15;
const CONTINUED = 0xff;

function compressBlock(bytes: Buffer): Buffer {
  // Worst case: no match, so a token and the length of the literals.
  const into = Buffer.allocUnsafe(bytes.length + Math.ceil(bytes.length / CONTINUED) + 16);
  let length = 0;
  let written = 0;

  const writeRest = (rest: number): void => {
    for (; rest >= CONTINUED; rest -= CONTINUED) into[length++] = CONTINUED;
    into[length++] = rest;
  };

  /** Write the token with both lengths, then the literals. */
  const writeLiterals = (end: number, matched: number): void => {
    const count = end - written;
    into[length++] = (Math.min(count, LONG) << 4) | Math.min(matched, LONG);
    if (count >= LONG) writeRest(count - LONG);
    bytes.copy(into, length, written, end);
    length += count;
  };

  eachLz4Match(bytes, (at, distance, matched) => {
    const rest = matched - MIN_MATCH;
    writeLiterals(at, rest);
    into.writeUInt16LE(distance, length);
    length += 2;
    if (rest >= LONG) writeRest(rest - LONG);
    written = at + matched;
  });
  writeLiterals(bytes.length, 0);
  return into.subarray(0, length);
}

/** Undefined if it is not an LZ4 block of exactly that length. */
function expandBlock(bytes: Buffer, length: number): Buffer | undefined {
  const output = new Output(length);
  let at = 0;

  const lengthOf = (bits: number): number => {
    let sum = bits;
    for (let more = bits === LONG ? CONTINUED : 0; more === CONTINUED && at < bytes.length; sum += more) {
      more = bytes[at++]!;
    }

    return sum;
  };

  while (at < bytes.length) {
    const token = bytes[at++]!;
    const literals = lengthOf(token >> 4);
    if (!output.literals(bytes, at, literals)) return undefined;
    at += literals;
    // The last literals have no match after them.
    if (at === bytes.length) return output.length === length ? output.done() : undefined;
    if (at + 2 > bytes.length) return undefined;
    const distance = bytes.readUInt16LE(at);
    at += 2;
    if (!output.repeat(distance, lengthOf(token & 0x0f) + MIN_MATCH)) return undefined;
  }

  return undefined;
}

/** CRC-8 with polynomial 0x31, starting from 0xff. */
function crc8(bytes: Buffer): number {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x31 : 0)) & 0xff;
  }

  return crc;
}
