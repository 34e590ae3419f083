import { Redis } from 'ioredis';

import type { RedisProfile } from '../../src/profiles/profile.js';
import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { openRedis } from '../../src/stores/redis/store.js';
import { type RedisServer, startRedis } from './redis-server.js';

/**
 * Start a server for the enclosing tests, and empty it after each of them.
 * @param options as for `startRedis`: tests that change users or settings need a server of their own
 */
export function redisStores(...options: string[]): RedisStores {
  let server: RedisServer | undefined;
  const stores = new RedisStores(() => server!);
  before(async function () {
    server = await startRedis(this, ...options);
  });
  afterEach(async () => {
    await stores.close();
    await server?.flush();
  });
  after(async () => server?.stop());
  return stores;
}

/** Stores and clients of one server, closed together. The default prefix is `app-`. */
export class RedisStores {
  readonly #server: () => RedisServer;
  readonly #stores: Store[] = [];
  readonly #clients: Redis[] = [];

  constructor(server: RedisServer | (() => RedisServer)) {
    this.#server = typeof server === 'function' ? server : () => server;
  }

  get server(): RedisServer {
    return this.#server();
  }

  /** Open a store on the server, or on another local port. */
  async open({
    port = this.server.port,
    timeoutMs = 5000,
    user,
    prefix = 'app-',
    packed,
  }: OpenOptions = {}): Promise<Store> {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port }], database: 0 } as const;
    const connection = user === undefined ? place : { ...place, username: user, password: 'pw' };
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false, connectionPrefix: '' } as const;
    const store = await openRedis({ ...common, ...packed, prefix, connection }, openCodec('php'), { timeoutMs });
    this.#stores.push(store);
    return store;
  }

  /** Open a store whose user may run everything but `denied` (`-monitor`). */
  async openWithout(denied: string | readonly string[], options: OpenOptions = {}): Promise<Store> {
    const rights = ['reset', 'on', '>pw', '~*', '&*', '+@all'];
    await this.server.client.call('ACL', ['SETUSER', 'limited', ...rights, ...[denied].flat()]);
    return this.open({ ...options, user: 'limited' });
  }

  /** A client without cachectl. */
  async client(name: string, database = 0): Promise<Redis> {
    const client = new Redis(this.server.port, '127.0.0.1', { connectionName: name, db: database, protocol: 2 });
    this.#clients.push(client);
    await client.ping();
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    await Promise.all(this.#stores.splice(0).map((store) => store.close()));
  }
}

interface OpenOptions {
  readonly port?: number;
  readonly timeoutMs?: number;
  /** With the password `pw`. */
  readonly user?: string;
  readonly prefix?: string;
  /** Options of phpredis. Default: none. */
  readonly packed?: Pick<RedisProfile, 'compression' | 'compressionLevel'>;
}
