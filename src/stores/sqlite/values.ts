import type { Codec } from '../../codecs/codec.js';
import type { Value } from '../../codecs/value.js';

/**
 * Laravel's DatabaseStore on SQLite (and PostgreSQL): what is serialized and holds a NUL byte is put into the text
 * column as base64. No serialized value is without ':' and ';', no base64 has them; that tells them apart.
 */
export class ColumnCodec {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  encode(value: Value): Buffer {
    const bytes = this.#codec.encode(value);
    return this.#codec.name === 'php' && bytes.includes(0) ? Buffer.from(bytes.toString('base64')) : bytes;
  }

  /** @throws UndecodableError */
  decode(column: Buffer): Value {
    return this.#codec.decode(
      isWrapped(this.#codec, column) ? Buffer.from(column.toString('latin1'), 'base64') : column,
    );
  }
}

/** Whether a column is the base64 of what was serialized. */
export function isWrapped(codec: Codec, column: Buffer): boolean {
  return codec.name === 'php' && !column.includes(';') && !column.includes(':');
}
