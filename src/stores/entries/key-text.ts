/**
 * Keys, tags and lock names are bytes on every server, mostly UTF-8. Here they are strings that keep every byte. A
 * byte that is not part of UTF-8 is a lone low surrogate, U+DC80 to U+DCFF, as in Python's "surrogateescape" (PEP
 * 383). Text from a user or a JSON parser never contains one.
 */
const ESCAPE = 0xdc_00;

export function keyFromBytes(bytes: Buffer): string {
  const text = bytes.toString();
  // Decoding replaces invalid bytes by U+FFFD. Keys that really contain that character are rare.
  return text.includes('\uFFFD') ? decoded(bytes) : text;
}

/** Return a key's bytes. A surrogate that stands for no byte becomes U+FFFD, as everywhere in Node. */
export function keyToBytes(key: string): Buffer {
  return key.isWellFormed() ? Buffer.from(key) : encoded(key);
}

export function keyByteLength(key: string): number {
  return key.isWellFormed() ? Buffer.byteLength(key) : encoded(key).length;
}

/** Whether all bytes are UTF-8, as most clients, JSON and MongoDB require. */
export function isUtf8Key(key: string): boolean {
  return key.isWellFormed();
}

function decoded(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    while (at < bytes.length) {
      const length = sequenceAt(bytes, at);
      if (length === 0) break;
      at += length;
    }

    text += bytes.toString('utf8', start, at);
    if (at < bytes.length) text += String.fromCharCode(ESCAPE + bytes[at++]!); // eslint-disable-line unicorn/prefer-code-point -- a unit
  }

  return text;
}

/** The length of the UTF-8 character at that offset; 0 if there is none. Well-formed as in table 3-7 of Unicode. */
function sequenceAt(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first <= 0x7f) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  // Otherwise overlong, a surrogate, or beyond U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let next = 2; next < length; next++) if ((bytes[at + next]! & 0xc0) !== 0x80) return 0;
  return length;
}

function encoded(key: string): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (const { index, 0: unit } of key.matchAll(LONE)) {
    parts.push(Buffer.from(key.slice(start, index)), Buffer.of(unit.codePointAt(0)! - ESCAPE));
    start = index + 1;
  }

  parts.push(Buffer.from(key.slice(start)));
  return Buffer.concat(parts);
}

/** The u flag excludes halves of a pair. */
const LONE = /[\uDC80-\uDCFF]/gu;
