import { Cluster } from 'ioredis';
import { once } from 'node:events';
import { connect } from 'node:net';

import { Database } from './database.js';
import { type MemcachedServer, startMemcached } from './memcached-server.js';
import { type RedisCluster, startRedisCluster } from './redis-cluster.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { scratchFolder } from './scratch.js';

/** A store where another client writes keys of any bytes. */
export interface ByteKeys {
  /** With the prefix `app-`. */
  url(): string;
  /** An empty store of the same kind with the prefix `two-`. */
  secondUrl(): string;
  /** Store a string under full keys (with prefix), as PHP does. */
  plant(keys: readonly Buffer[], text: string): Promise<void>;
  /** The full keys of all entries, as the server has them. */
  held(): Promise<readonly Buffer[]>;
}

/** Describe the same behaviour on every store that takes keys of any bytes. */
export function onStoresOfBytes(behaviour: (place: ByteKeys, driver: string) => void): void {
  describe('on Redis', () => behaviour(onRedis(), 'redis'));
  describe('on a Redis cluster', () => behaviour(onCluster(), 'cluster'));
  describe('on Memcached', () => behaviour(onMemcached(), 'memcached'));
  describe('on SQLite', () => behaviour(onSqlite(), 'sqlite'));
}

function onRedis(): ByteKeys {
  let redis: RedisServer;
  before(async function () {
    redis = await startRedis(this);
  });
  afterEach(async () => redis.flush());
  after(async () => redis?.stop());
  return {
    url: () => `${redis.url}?prefix=app-`,
    secondUrl: () => `${redis.url}?prefix=two-`,
    async plant(keys, text) {
      for (const key of keys) await redis.client.set(key, serialized(text));
    },
    held: async () => redis.client.keysBuffer('*'),
  };
}

function onCluster(): ByteKeys {
  let cluster: RedisCluster;
  let client: Cluster;
  before(async function () {
    this.timeout(120_000);
    cluster = await startRedisCluster(this, '--notify-keyspace-events', 'Eg$xem');
    client = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
  });
  afterEach(async () => {
    for (const node of cluster.nodes) await node.flush();
  });
  after(async () => {
    client?.disconnect();
    await cluster?.stop();
  });
  const places = (): string => cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return {
    url: () => `redis+cluster://${places()}?prefix=app-`,
    secondUrl: () => `redis+cluster://${places()}?prefix=two-`,
    async plant(keys, text) {
      for (const key of keys) await client.set(key, serialized(text));
    },
    async held() {
      return (await Promise.all(cluster.nodes.map(async (node) => node.client.keysBuffer('*')))).flat();
    },
  };
}

function onMemcached(): ByteKeys {
  let [one, other]: MemcachedServer[] = [];
  before(async function () {
    one = await startMemcached(this);
    other = await startMemcached(this, '-m', '64');
  });
  afterEach(async () => {
    await one!.flush();
    await other!.flush();
  });
  after(async () => {
    await one?.stop();
    await other?.stop();
  });
  const urlOf = (server: MemcachedServer, prefix: string): string =>
    `memcached://${server.address}?prefix=${prefix}&unicodeKeys=true`;
  return {
    url: () => urlOf(one!, 'app-'),
    secondUrl: () => urlOf(other!, 'two-'),
    async plant(keys, text) {
      for (const key of keys) {
        const head = Buffer.from(` 0 0 ${Buffer.byteLength(text)}\r\n${text}\r\n`);
        await answered(one!.port, Buffer.concat([Buffer.from('set '), key, head]), 'STORED');
      }
    },
    async held() {
      const lines = await one!.say('lru_crawler metadump hash', /END|NOTSTARTED/);
      return [...lines.matchAll(/^key=(\S+)/gm)].map(([, key]) => percentDecoded(key!));
    },
  };
}

function onSqlite(): ByteKeys {
  let folder = '';
  beforeEach(() => {
    folder = scratchFolder('byte-keys');
  });
  const file = (): string => `${folder}/cache.sqlite`;
  return {
    url: () => `sqlite://${file()}?prefix=app-`,
    secondUrl: () => `sqlite://${folder}/two.sqlite?prefix=two-`,
    async plant(keys, text) {
      const database = new Database(file());
      database.exec(
        'CREATE TABLE IF NOT EXISTS cache (key varchar PRIMARY KEY NOT NULL, value text NOT NULL, expiration integer NOT NULL)',
      );
      for (const key of keys) {
        // PDO binds a string as TEXT, whatever its bytes.
        const row = 'INSERT INTO cache (key, value, expiration) VALUES (CAST(? AS TEXT), ?, ?)';
        database.prepare(row).run(key, serialized(text), 4_102_444_800);
      }

      database.close();
    },
    async held() {
      const database = new Database(file());
      const keys = database.prepare('SELECT CAST(key AS BLOB) AS key FROM cache').pluck().all();
      database.close();
      return keys.map((key) => Buffer.from(key as Uint8Array));
    },
  };
}

function serialized(text: string): string {
  return `s:${Buffer.byteLength(text)}:"${text}";`;
}

async function answered(port: number, command: Buffer, expected: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write(command);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!answer.toString().startsWith(expected)) throw new Error(`memcached said ${answer.toString()}`);
}

function percentDecoded(text: string): Buffer {
  const bytes = text.replaceAll(/%([\dA-F]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
