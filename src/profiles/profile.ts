import type { CodecName } from '../codecs/codec.js';

/** A profile as the stores take it: complete, checked, nothing left to default. */
export type Profile = ArrayProfile | RedisProfile | SqliteProfile;

interface Common {
  readonly name: string;
  /** What the application's cache prepends to every key. May be empty. */
  readonly prefix: string;
  readonly codec: CodecName;
  /** Destructive commands ask for the profile's name. */
  readonly protected: boolean;
}

/** In memory, gone with the process: for tests. */
export interface ArrayProfile extends Common {
  readonly driver: 'array';
}

export interface SqliteProfile extends Common {
  readonly driver: 'sqlite';
  /** Absolute. */
  readonly path: string;
  /** Laravel's `cache` and `cache_locks`, unless the application renamed them. */
  readonly table: string;
  readonly lockTable: string;
}

export interface RedisProfile extends Common {
  readonly driver: 'redis';
  /** What the application's Redis client prepends, before `prefix`. May be empty. */
  readonly connectionPrefix: string;
  readonly connection: RedisConnection;
  /** Where locks live when it is not `connection`. Same prefixes. */
  readonly locks?: RedisConnection;
}

/** One of: a server, a cluster known by some of its nodes, a primary watched by sentinels. */
export interface RedisConnection {
  readonly kind: 'cluster' | 'sentinel' | 'server';
  /** The server, the nodes, or the sentinels. A `socket` path stands instead of host and port. */
  readonly nodes: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly socket?: string;
  /** The name that the sentinels know the primary by. */
  readonly primary?: string;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Undefined: no TLS. */
  readonly tls?: RedisTls;
}

export interface RedisTls {
  /** Paths, absolute. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False accepts any certificate. */
  readonly verify: boolean;
}
