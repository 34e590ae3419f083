import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import type { Packing } from './packing.js';

/** What the parts of one Redis store share. */
export interface RedisContext {
  readonly connection: Connection;
  /** Where locks live: `connection`, or one of their own. */
  readonly lockConnection: Connection;
  readonly keys: Keys;
  readonly packing: Packing;
  readonly prefix: string;
}
