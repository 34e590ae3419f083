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
    const isBase64 = this.#codec.name === 'php' && !column.includes(';') && !column.includes(':');
    return this.#codec.decode(isBase64 ? Buffer.from(column.toString('latin1'), 'base64') : column);
  }
}
