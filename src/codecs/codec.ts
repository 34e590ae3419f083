import type { Value } from './value.js';

/** The values of `codec` in a profile. */
export type CodecName = 'json' | 'php' | 'raw';

/** The serializers of phpredis and php-memcached. */
export type SerializerName = 'igbinary' | 'json' | 'msgpack' | 'php';

/** Turns values into bytes and back. Knows nothing of keys, stores or TTLs. */
export interface Codec {
  readonly name: CodecName | SerializerName;

  encode(value: Value): Buffer;

  /**
   * Never evaluates what it reads. Depth and memory are bounded by the length of `bytes`.
   * @throws UndecodableError with the byte offset of what it refuses
   */
  decode(bytes: Buffer): Value;

  /**
   * The JSON of the value that `text` decodes to, without decoding it. Undefined if it has to be decoded, also where
   * JSON cannot represent it exactly.
   * @param text whose UTF-8 is the stored bytes
   */
  toJson?(text: string): string | undefined;
}
