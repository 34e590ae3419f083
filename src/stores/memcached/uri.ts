/** A key as dumps and watches print it: bytes other than letters, digits and `-._~` as `%NN`. */
export function uriDecoded(text: string): Buffer {
  return Buffer.from(
    text.replaceAll(/%([\dA-Fa-f]{2})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16))),
    'latin1',
  );
}

/** The other way round, for comparing. */
export function uriEncoded(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[^\w.~-]/g, (byte) => `%${byte.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}`);
}
