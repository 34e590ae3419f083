/**
 * Decode a key as printed by dumps and watches: bytes other than letters, digits and `-._~` are `%NN`. Invalid escapes
 * stay.
 */
export function uriDecoded(text: Buffer, start = 0, end = text.length): Buffer {
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = text[at]!;
    const decoded = byte === PERCENT && at + 2 < end ? NIBBLES[text[at + 1]!]! * 16 + NIBBLES[text[at + 2]!]! : -1;
    bytes[length++] = decoded < 0 ? byte : decoded;
    if (decoded >= 0) at += 2;
  }

  return length === bytes.length ? bytes : bytes.subarray(0, length);
}

/** The inverse of `uriDecoded`. */
export function uriEncoded(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[^\w.~-]/g, (byte) => `%${byte.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}`);
}

const PERCENT = 0x25;

/** The value of a hexadecimal digit by its code. Other codes are negative enough to keep the sum negative. */
const NIBBLES = new Int16Array(256).fill(-4096);
for (const digit of '0123456789abcdefABCDEF') NIBBLES[digit.codePointAt(0)!] = Number.parseInt(digit, 16);
