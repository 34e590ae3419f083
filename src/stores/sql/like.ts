const ESCAPED = new Set([...'%_\\'].map((character) => character.codePointAt(0)!));

/** The pattern of LIKE for texts that begin with `prefix`. */
export function likePattern(prefix: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of prefix) {
    if (ESCAPED.has(byte)) escaped.push(0x5c);
    escaped.push(byte);
  }

  return Buffer.from([...escaped, 0x25]);
}
