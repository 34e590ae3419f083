import type { Codec } from '../../codecs/codec.js';
import type { Value } from '../../codecs/value.js';

/**
 * The column format of Laravel's DatabaseStore on SQLite and PostgreSQL: serialized text with a NUL byte is stored as
 * base64. Every serialized value contains ':' or ';', and base64 never does.
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

  /** The JSON of what is not wrapped in base64. */
  toJson(text: string): string | undefined {
    return this.#codec.toJson?.(text);
  }

  /** @throws UndecodableError */
  decode(column: Buffer): Value {
    return this.#codec.decode(
      isWrapped(this.#codec, column) ? Buffer.from(column.toString('latin1'), 'base64') : column,
    );
  }
}

/** Whether a column is base64 of a serialized value. */
export function isWrapped(codec: Codec, column: Buffer): boolean {
  return codec.name === 'php' && !column.includes(COLON) && !column.includes(SEMICOLON);
}

const COLON = 0x3a;
const SEMICOLON = 0x3b;
