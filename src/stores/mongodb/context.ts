import type { Codec } from '../../codecs/codec.js';
import type { Connection } from './connection.js';

/** What the parts of one MongoDB store share. */
export interface MongodbContext {
  readonly connection: Connection;
  readonly codec: Codec;
  readonly prefix: string;
}
