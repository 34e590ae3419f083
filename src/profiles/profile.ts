import type { CodecName, SerializerName } from '../codecs/codec.js';
import type { RedisCompression } from '../codecs/compression/phpredis.js';

/** Reports a problem that does not prevent the use of a profile. */
export type Warn = (text: string) => void;

/** A profile for the stores: complete and checked, with all defaults. */
export type Profile =
  CustomProfile | FileProfile | MemcachedProfile | MongodbProfile | RedisProfile | SqliteProfile | SqlProfile;

interface Common {
  readonly name: string;
  /** What the application's cache prepends to every key. May be empty. */
  readonly prefix: string;
  readonly codec: CodecName;
  /** Destructive commands ask for the profile's name. */
  readonly protected: boolean;
}

/** A bastion that ssh connects through. */
export interface SshTunnel {
  /** As ssh takes it: `user@host`, `ssh://user@host:port`, or a host of its configuration. */
  readonly destination: string;
  readonly port?: number;
  /** Absolute paths. */
  readonly identityFile?: string;
  readonly config?: string;
}

interface Networked extends Common {
  /** Undefined: connect directly. */
  readonly ssh?: SshTunnel;
}

export interface SqliteProfile extends Common {
  readonly driver: 'sqlite';
  /** Absolute. */
  readonly path: string;
  /** Laravel's `cache` and `cache_locks`, unless the application renamed them. */
  readonly table: string;
  readonly lockTable: string;
  /** Set for the profile that exists without a profile file. */
  readonly isBuiltIn?: true;
}

/** The folder of Laravel's `file` store. */
export interface FileProfile extends Common {
  readonly driver: 'file';
  /** Absolute. */
  readonly path: string;
  /** Laravel's `lock_path`. Absolute; undefined if locks are in `path`. */
  readonly lockPath?: string;
  /** In front of the names of locks: `file-store-lock:` since Laravel 12.36, nothing before. */
  readonly lockPrefix: string;
  /** The mode of new files and folders, Laravel's `permission`. Undefined: by the umask. */
  readonly permission?: number;
}

/** Laravel's `database` store on a server. */
export interface SqlProfile extends Networked {
  readonly driver: 'mysql' | 'postgres';
  readonly connection: SqlConnection;
  /** Laravel's `cache` and `cache_locks`, unless the application renamed them. A dot separates schema and table. */
  readonly table: string;
  readonly lockTable: string;
  /** Where locks are, if not in `connection`. */
  readonly locks?: SqlConnection;
}

export interface SqlConnection {
  readonly host: string;
  readonly port: number;
  /** MySQL: the path of a Unix socket. PostgreSQL: its folder. */
  readonly socket?: string;
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  /** Undefined: no TLS. */
  readonly tls?: RedisTls;
  /** PostgreSQL's: the schemas to look for tables in. */
  readonly searchPath?: string;
}

export interface RedisProfile extends Networked {
  readonly driver: 'redis';
  /** What the application's Redis client prepends, in front of `prefix`. May be empty. */
  readonly connectionPrefix: string;
  readonly connection: RedisConnection;
  /**
   * phpredis's option, if the application sets it. It then applies to everything, including numbers and lock owners.
   */
  readonly serializer?: SerializerName;
  /** phpredis's option, if the application sets it. */
  readonly compression?: RedisCompression;
  /** phpredis's option, 1 to 22. Another level gives other Zstandard bytes, and PHP compares packed lock owners. */
  readonly compressionLevel?: number;
  /** phpredis's option (6.2 and later): integers and floats are neither serialized nor compressed. */
  readonly packIgnoreNumbers?: boolean;
  /** Where locks are, if not in `connection`. The prefixes are the same. */
  readonly locks?: RedisConnection;
}

export interface MemcachedProfile extends Networked {
  readonly driver: 'memcached';
  /** In the application's order: with `modulo` it decides which server has a key. */
  readonly servers: readonly MemcachedServer[];
  /** The values of php-memcached's options: DISTRIBUTION_MODULA, DISTRIBUTION_CONSISTENT, OPT_LIBKETAMA_COMPATIBLE. */
  readonly distribution: 'consistent' | 'ketama' | 'modulo';
  /** php-memcached's OPT_PREFIX_KEY, in front of `prefix`. It does not decide which server has a key. */
  readonly connectionPrefix?: string;
  /**
   * `text`: meta commands, with text authentication for a user. `classic`: no meta commands, for proxies. `binary`:
   * the binary protocol, with SASL for a user. Default: `binary` with a user, else `text`.
   */
  readonly protocol?: 'binary' | 'classic' | 'text';
  /** Both or neither. */
  readonly username?: string;
  readonly password?: string;
  /** Undefined: no TLS. */
  readonly tls?: RedisTls;
  /** The application reads keys that are not ASCII, which php-memcached does only with the binary protocol. */
  readonly unicodeKeys?: boolean;
  /** With codec `php`: the format of values other than strings and scalars. */
  readonly serializer: SerializerName;
  /** With codec `php`: the compression of values over 2000 bytes. On reading, the flags decide. */
  readonly compression: MemcachedCompression;
}

/** A host, or the path of a Unix socket. */
export type MemcachedServer = {
  /** For `ketama` and `consistent`; at least 1. */
  readonly weight: number;
} & ({ readonly host: string; readonly port: number } | { readonly socket: string });

export type MemcachedCompression = 'fastlz' | 'none' | 'zlib' | 'zstd';

export interface MongodbProfile extends Networked {
  readonly driver: 'mongodb';
  /** A connection string, including the password. */
  readonly url: string;
  readonly database: string;
  /** laravel-mongodb's `cache` and `cache_locks`, unless the application renamed them. */
  readonly collection: string;
  readonly lockCollection: string;
}

/** A custom driver. */
export interface CustomProfile extends Common {
  readonly driver: 'custom';
  /** The path or package, as the profile names it. */
  readonly module: string;
  /** The module as a `file:` URL. */
  readonly moduleUrl: string;
  /** The driver's own keys, checked against its declaration. */
  readonly options: Readonly<Record<string, DriverOption>>;
}

export type DriverOption = boolean | number | string | readonly string[];

/** A server, a cluster known by some of its nodes, or a primary watched by sentinels. */
export interface RedisConnection {
  readonly kind: 'cluster' | 'sentinel' | 'server';
  /** The server, the nodes, or the sentinels. A `socket` path replaces host and port. */
  readonly nodes: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly socket?: string;
  /** The sentinels' name for the primary. */
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
  /** Absolute paths. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the certificate, if it is not the host: behind a tunnel. */
  readonly servername?: string;
  /** False accepts any certificate. */
  readonly verify: boolean;
}
