import type { Codec } from '../../codecs/codec.js';
import type { SqlProfile } from '../../profiles/profile.js';
import type { OpenOptions } from '../contract/store.js';
import type { Connection } from './connection.js';
import type { Dialect } from './dialect.js';
import type { Tables } from './tables.js';
import type { ColumnCodec } from './values.js';

/** The state that the parts of a store on an SQL server share. */
export interface SqlContext {
  readonly dialect: Dialect;
  readonly entries: Connection;
  /** The connection for locks and waiters: the same, unless the profile names another. */
  readonly locks: Connection;
  readonly tables: Tables;
  readonly profile: SqlProfile;
  readonly codec: Codec;
  readonly values: Pick<ColumnCodec, 'decode' | 'encode'>;
  readonly prefix: string;
  readonly mayCreate: OpenOptions['mayCreate'];
}
