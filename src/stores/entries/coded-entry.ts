import type { Value } from '../../codecs/value.js';
import type { Entry, Ttl } from '../contract/store.js';

import { bytesText } from '../../byte-text.js';
import { TooLargeError } from '../../errors.js';
import { limitText, raiseLimit, valueLimit } from '../../value-limit.js';

/** Decodes stored bytes: `Codec`, or that of a column. */
interface Decoder {
  decode(stored: Buffer): Value;
}

/** An entry that decodes its bytes on demand. A class, because a listing would create a closure per entry. */
export class CodedEntry implements Entry {
  readonly stored: Buffer;
  readonly ttl: Ttl | undefined;
  readonly #decoder: Decoder;

  constructor(stored: Buffer, ttl: Ttl | undefined, decoder: Decoder) {
    this.stored = stored;
    this.ttl = ttl;
    this.#decoder = decoder;
  }

  /** @throws UndecodableError, TooLargeError */
  decode(): Value {
    if (this.stored.length > valueLimit()) {
      throw new TooLargeError(
        `it has ${bytesText(this.stored.length)}, more than the limit of ${limitText()}`,
        raiseLimit(this.stored.length),
      );
    }

    return this.#decoder.decode(this.stored);
  }
}
