import type { Codec } from '../../codecs/codec.js';
import type { Connection } from './connection.js';

/** The state that the parts of a MongoDB store share. */
export interface MongodbContext {
  readonly connection: Connection;
  readonly codec: Codec;
  readonly prefix: string;
}
