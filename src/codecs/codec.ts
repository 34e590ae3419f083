import type { Value } from './value.js';

/** What a profile may name as its `codec`. */
export type CodecName = 'json' | 'php' | 'raw';

/** What phpredis and php-memcached may be told to serialize with. */
export type SerializerName = 'igbinary' | 'json' | 'msgpack' | 'php';

/** How values are turned into bytes. Knows nothing of keys, stores or ttl. */
export interface Codec {
  readonly name: CodecName | SerializerName;

  encode(value: Value): Buffer;

  /**
   * Never evaluates what it reads, and is bounded in depth and memory by the length of `bytes`.
   * @throws UndecodableError with the offset, in bytes, of what it refuses
   */
  decode(bytes: Buffer): Value;
}
