import type { MemcachedProfile, MemcachedServer } from '../../../profiles/profile.js';
import type { Tunnel } from '../../network/tunnel.js';

/** One server and how to connect to it. */
export interface Target {
  readonly server: MemcachedServer;
  /** `memcached host:port`, for people. */
  readonly location: string;
  /** For connecting, and for each answer. */
  readonly timeoutMs: number;
  /** Undefined: no TLS. */
  readonly tls?: MemcachedProfile['tls'];
  /** Undefined: connect directly. */
  readonly tunnel?: Tunnel | undefined;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}
