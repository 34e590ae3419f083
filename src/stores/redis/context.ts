import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import type { Packing } from './packing.js';

/** What the parts of one Redis store share. */
export interface RedisContext {
  readonly connection: Connection;
  /** Where locks are stored: `connection`, or a separate one. */
  readonly lockConnection: Connection;
  readonly keys: Keys;
  readonly packing: Packing;
  readonly prefix: string;
}
