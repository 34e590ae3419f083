/** The OID of `text` in pg_type. */
const TEXT = 25;

/** The header: dimensions, a flag for nulls, type of the elements, length, and first index. */
const HEADER = 20;

/** A one-dimensional array of texts in PostgreSQL's binary format (`array_recv`). */
export function textArray(texts: readonly Buffer[]): Buffer {
  const array = Buffer.alloc(texts.reduce((size, text) => size + 4 + text.length, HEADER));
  array.writeInt32BE(1, 0);
  array.writeInt32BE(TEXT, 8);
  array.writeInt32BE(texts.length, 12);
  array.writeInt32BE(1, 16);
  let at = HEADER;
  for (const text of texts) {
    at = array.writeInt32BE(text.length, at);
    at += text.copy(array, at);
  }

  return array;
}
