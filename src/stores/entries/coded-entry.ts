import type { Value } from '../../codecs/value.js';
import type { Entry, Ttl } from '../contract/store.js';

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

  decode(): Value {
    return this.#decoder.decode(this.stored);
  }
}
