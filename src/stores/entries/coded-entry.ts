import type { Value } from '../../codecs/value.js';
import type { Entry, Ttl } from '../contract/store.js';

import { bytesText } from '../../byte-text.js';
import { TooLargeError } from '../../errors.js';
import { limitText, raiseLimit, valueLimit } from '../../value-limit.js';

/** Decodes stored bytes: `Codec`, or that of a column. */
interface Decoder {
  decode(stored: Buffer): Value;
  toJson?(text: string): string | undefined;
}

/** An entry that decodes its bytes on demand. A class, because a listing would create a closure per entry. */
export class CodedEntry implements Entry {
  readonly ttl: Ttl | undefined;
  readonly #stored: Buffer | string;
  readonly #decoder: Decoder;

  /** @param stored bytes, or their text if they are UTF-8: a Buffer for each entry of a listing takes long */
  constructor(stored: Buffer | string, ttl: Ttl | undefined, decoder: Decoder) {
    this.ttl = ttl;
    this.#stored = stored;
    this.#decoder = decoder;
  }

  get stored(): Buffer {
    return typeof this.#stored === 'string' ? Buffer.from(this.#stored) : this.#stored;
  }

  /** Of the stored value, in bytes. */
  get size(): number {
    return Buffer.byteLength(this.#stored);
  }

  /** @throws UndecodableError, TooLargeError */
  decode(): Value {
    const { stored } = this;
    if (stored.length > valueLimit()) {
      throw new TooLargeError(
        `it has ${bytesText(stored.length)}, more than the limit of ${limitText()}`,
        raiseLimit(stored.length),
      );
    }

    return this.#decoder.decode(stored);
  }

  toJson(): string | undefined {
    const stored = this.#stored;
    if (this.#decoder.toJson === undefined || stored.length > MAX_READ_AS_TEXT) return undefined;
    if (typeof stored === 'string') return this.#decoder.toJson(stored);
    const text = stored.toString();
    return text.includes(REPLACEMENT) ? undefined : this.#decoder.toJson(text);
  }
}

/** In characters or bytes. It is below any limit of values. */
const MAX_READ_AS_TEXT = 64 * 1024;

/** Replaces bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD';
