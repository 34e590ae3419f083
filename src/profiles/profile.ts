import type { CodecName, SerializerName } from '../codecs/codec.js';
import type { RedisCompression } from '../codecs/compression/phpredis.js';

/** Reports something about a profile that does not keep it from being used. */
export type Warn = (text: string) => void;

/** A profile as the stores take it: complete, checked, nothing left to default. */
export type Profile = ArrayProfile | CustomProfile | MemcachedProfile | MongodbProfile | RedisProfile | SqliteProfile;

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
  /** Of the profile that is there without a profile file. */
  readonly isBuiltIn?: true;
}

export interface RedisProfile extends Common {
  readonly driver: 'redis';
  /** What the application's Redis client prepends, before `prefix`. May be empty. */
  readonly connectionPrefix: string;
  readonly connection: RedisConnection;
  /** phpredis's option, if the application sets it: then everything is serialized so, numbers and lock owners too. */
  readonly serializer?: SerializerName;
  /** phpredis's option, if the application sets it. */
  readonly compression?: RedisCompression;
  /** phpredis's option, 1 to 22: at another level Zstandard gives other bytes, and owners of locks are compared packed. */
  readonly compressionLevel?: number;
  /** phpredis's option (6.2 and later): integers and floats are neither serialized nor compressed. */
  readonly packIgnoreNumbers?: boolean;
  /** Where locks live when it is not `connection`. Same prefixes. */
  readonly locks?: RedisConnection;
}

export interface MemcachedProfile extends Common {
  readonly driver: 'memcached';
  /** In the application's order: with `modulo` it decides which key lives where. */
  readonly servers: readonly MemcachedServer[];
  /**
   * As php-memcached's options have it: DISTRIBUTION_MODULA, DISTRIBUTION_CONSISTENT, or OPT_LIBKETAMA_COMPATIBLE.
   */
  readonly distribution: 'consistent' | 'ketama' | 'modulo';
  /** php-memcached's OPT_PREFIX_KEY: stands before `prefix`, and does not decide where a key lives. */
  readonly connectionPrefix?: string;
  /**
   * `text`: meta commands, with text authentication where there is a user. `classic`: no meta commands, as behind a proxy.
   * `binary`: the binary protocol, with SASL where there is a user. Left out: `binary` with a user, else `text`.
   */
  readonly protocol?: 'binary' | 'classic' | 'text';
  /** Both or neither. */
  readonly username?: string;
  readonly password?: string;
  /** Undefined: no TLS. */
  readonly tls?: RedisTls;
  /** The application reads keys that are not ASCII, which php-memcached does by the binary protocol only. */
  readonly unicodeKeys?: boolean;
  /** What values other than strings and scalars are written with, where the codec is `php`. */
  readonly serializer: SerializerName;
  /** What values over 2000 bytes are written with, where the codec is `php`; on reading, the flags tell. */
  readonly compression: MemcachedCompression;
}

/** A host, or a Unix socket by its path. */
export type MemcachedServer = {
  /** Of `ketama` and `consistent`; at least 1. */
  readonly weight: number;
} & ({ readonly host: string; readonly port: number } | { readonly socket: string });

/** Compressions of php-memcached. */
export type MemcachedCompression = 'fastlz' | 'none' | 'zlib' | 'zstd';

export interface MongodbProfile extends Common {
  readonly driver: 'mongodb';
  /** A connection string, with its password. */
  readonly url: string;
  readonly database: string;
  /** laravel-mongodb's `cache` and `cache_locks`, unless the application renamed them. */
  readonly collection: string;
  readonly lockCollection: string;
}

/** A driver of the user's own. */
export interface CustomProfile extends Common {
  readonly driver: 'custom';
  /** As the profile names it: a path or a package. */
  readonly module: string;
  /** Where the module is, as a `file:` URL. */
  readonly moduleUrl: string;
  /** The driver's own keys, checked against what it declares. */
  readonly options: Readonly<Record<string, DriverOption>>;
}

export type DriverOption = boolean | number | string | readonly string[];

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
