import type { Value } from './value.js';

export type CodecName = 'json' | 'php' | 'raw';

/** How values are turned into bytes. Knows nothing of keys, stores or ttl. */
export interface Codec {
  readonly name: CodecName;

  encode(value: Value): Buffer;

  /**
   * Never evaluates what it reads, and is bounded in depth and memory by the length of `bytes`.
   * @throws UndecodableError with the offset, in bytes, of what it refuses
   */
  decode(bytes: Buffer): Value;
}
