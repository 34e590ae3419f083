import type { Codec } from '../../codecs/codec.js';
import type { Memory } from './memory.js';

/** What the parts of one array store share. */
export interface ArrayContext {
  readonly memory: Memory;
  readonly codec: Codec;
  readonly prefix: string;
}
