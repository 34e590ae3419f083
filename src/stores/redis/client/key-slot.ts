import { keyToBytes } from '../../entries/key-text.js';

/** The number of hash slots in any cluster. */
export const SLOTS = 16_384;

const [OPEN, CLOSE, LAST_ASCII] = [0x7b, 0x7d, 0x7f];

/**
 * The hash slot of a stored key: CRC16/XMODEM of its first hash tag `{…}`, or of the whole key. The servers ignore an
 * empty first tag and all after it. The cluster-key-slot of ioredis does not: it hashes `{}{a}` to another slot.
 */
export function slotOf(key: Buffer | string): number {
  const plain = typeof key === 'string' ? crcOfAscii(key) : undefined;
  if (plain !== undefined) return plain % SLOTS;
  const bytes = typeof key === 'string' ? keyToBytes(key) : key;
  const open = bytes.indexOf(OPEN);
  const close = open === -1 ? -1 : bytes.indexOf(CLOSE, open + 1);
  const [from, to] = close > open + 1 ? [open + 1, close] : [0, bytes.length];
  let crc = 0;
  for (let at = from; at < to; at++) crc = next(crc, bytes[at]!);
  return crc % SLOTS;
}

/** Most keys are ASCII without a hash tag. They need no copy as bytes. */
function crcOfAscii(key: string): number | undefined {
  let crc = 0;
  for (let at = 0; at < key.length; at++) {
    const unit = key.charCodeAt(at); // eslint-disable-line unicorn/prefer-code-point -- an ASCII unit is its byte, and the loop ends at any other
    if (unit > LAST_ASCII || unit === OPEN) return undefined;
    crc = next(crc, unit);
  }

  return crc;
}

function next(crc: number, byte: number): number {
  return ((crc << 8) & 0xff_ff) ^ TABLE[(crc >> 8) ^ byte]!;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80_00 ? (crc << 1) ^ 0x10_21 : crc << 1;
  return crc;
});
