import type { Codec } from '../../codecs/codec.js';
import type { SqliteProfile } from '../../profiles/profile.js';
import type { Connection } from './connection.js';
import type { Tables } from './tables.js';

/** The state that the parts of an SQLite store share. */
export interface SqliteContext {
  readonly connection: Connection;
  readonly tables: Tables;
  readonly profile: SqliteProfile;
  readonly codec: Codec;
  readonly prefix: string;
  readonly timeoutMs: number;
}
