import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import type { Values } from './values.js';

/** The state that the parts of a Memcached store share. */
export interface MemcachedContext {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly values: Values;
  readonly prefix: string;
  /** The time limit for each answer. */
  readonly timeoutMs: number;
}
