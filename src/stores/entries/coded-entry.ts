import type { Value } from '../../codecs/value.js';
import type { Entry, Ttl } from '../contract/store.js';

/** What reads stored bytes: `Codec`, or a column's. */
interface Decoder {
  decode(stored: Buffer): Value;
}

/** An entry whose bytes are read when they are asked for. A class, since a listing would make a closure for each entry. */
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
