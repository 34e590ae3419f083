import type { Context } from 'mocha';

import { Cluster, type Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { RedisConnection } from '../../src/profiles/profile.js';
import type { RawRecord, Started } from './world.js';

import { memcachedProfile, startMemcached } from '../support/memcached-server.js';
import { mongodbProfile, startMongodb } from '../support/mongodb-server.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { startRedis } from '../support/redis-server.js';
import { onBinaryMysql, onMysql, onPostgres, onSqlite } from './sql-grounds.js';
import { COMMON, EVERYTHING } from './world.js';

/** The stores that the tests cover. */
export const GROUNDS: Readonly<Record<string, (context: Context) => Promise<Started>>> = {
  async redis(context) {
    const server = await startRedis(context);
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    return onRedis(server.client, [server.client], { kind: 'server', nodes, database: 0 }, async () => server.stop());
  },

  async 'redis cluster'(context) {
    const { nodes: servers, stop } = await startRedisCluster(context);
    const nodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Cluster(nodes);
    const clients = servers.map((server) => server.client);
    return onRedis(client, clients, { kind: 'cluster', nodes, database: 0 }, async () => {
      client.disconnect();
      await stop();
    });
  },

  memcached: onMemcached,
  mongodb: onMongodb,
  sqlite: onSqlite,
  'mysql, a collation that folds letters': onMysql,
  'mysql, a binary collation': onBinaryMysql,
  postgres: onPostgres,
  file: async () => onFiles(),
};

const OWNER = 'cachectl:';

function onRedis(
  client: Cluster | Redis,
  nodes: readonly Redis[],
  connection: RedisConnection,
  stop: () => Promise<void>,
): Started {
  return {
    has: EVERYTHING,
    profile: (prefix) => ({ ...COMMON, driver: 'redis', prefix, connectionPrefix: '', connection }),
    async records() {
      const found = await Promise.all(nodes.map(async (node) => recordsOf(node)));
      return found.flat();
    },
    async plant(key) {
      await client.hset(key, 'field', 'value');
    },
    async clear() {
      await Promise.all(nodes.map(async (node) => node.flushall()));
    },
    stop,
  };
}

async function recordsOf(node: Redis): Promise<RawRecord[]> {
  const keys = await node.keysBuffer('*');
  const commands = keys.flatMap((key) => [
    ['dump', key],
    ['pexpiretime', key],
    ['type', key],
    ['getrange', key, 0, 8],
  ]);
  const replies = ((await node.pipeline(commands as string[][]).exec()) ?? []).map(([, reply]) => reply);
  const dumps = (await Promise.all(keys.map(async (key) => node.dumpBuffer(key)))).map((dump) => dump.toString('hex'));
  return keys.map((key, index) => {
    const [, expires, type, head] = replies.slice(4 * index, 4 * index + 4) as string[];
    const place = type === 'zset' ? 'tags' : head === OWNER ? 'locks' : 'entries';
    return { place, key, content: `${dumps[index]} ${expires}` };
  });
}

async function onMemcached(context: Context): Promise<Started> {
  const server = await startMemcached(context);
  const keys = async (): Promise<ReadonlyArray<Readonly<Record<string, string>>>> => {
    const dump = await server.say('lru_crawler metadump hash', /END\r\n$|^BUSY/);
    if (dump.startsWith('BUSY')) return keys();
    const lines = dump.split('\n').filter((line) => line.startsWith('key='));
    return lines.map((line) =>
      Object.fromEntries(
        line
          .trim()
          .split(' ')
          .map((field) => field.split('=') as [string, string]),
      ),
    );
  };

  return {
    share: 0.5,
    has: new Set(['list', 'lock', 'tags']),
    profile: (prefix) => memcachedProfile([server.port], prefix, { compression: 'none' }),
    async records() {
      const found: RawRecord[] = [];
      for (const { key: encoded, exp, cas } of await keys()) {
        const key = Buffer.from(decodeURIComponent(encoded!));
        const got = await server.say(`get ${key.toString()}`, /END\r\n$/);
        if (got === 'END\r\n') continue;
        const [, ...value] = got.split('\r\n');
        const place = isTagId(key) ? 'tags' : value.join('').startsWith(OWNER) ? 'locks' : 'entries';
        found.push({ place, key, content: `${got} ${exp} ${cas}` });
      }

      return found;
    },
    async clear() {
      for (const { key } of await keys()) await server.say(`delete ${decodeURIComponent(key!)}`);
    },
    stop: async () => server.stop(),
  };
}

/** Tag ids are 22 digits; entries of these tests have no such keys. */
function isTagId(key: Buffer): boolean {
  return /tag:.*:key$/s.test(key.toString());
}

async function onMongodb(context: Context): Promise<Started> {
  const server = await startMongodb(context, 'java');
  const { database, collection, lockCollection } = mongodbProfile(server, '');
  const all = async (name: string): Promise<RawRecord[]> => {
    const documents = await server.client.db(database).collection<{ _id: string }>(name).find().toArray();
    return documents.map(({ _id, ...content }) => ({
      place: name === collection ? 'entries' : 'locks',
      key: Buffer.from(_id),
      content: JSON.stringify(content),
    }));
  };

  return {
    has: EVERYTHING,
    profile: (prefix) => mongodbProfile(server, prefix),
    records: async () => [...(await all(collection)), ...(await all(lockCollection))],
    async clear() {
      for (const name of [collection, lockCollection]) await server.client.db(database).collection(name).deleteMany({});
    },
    stop: async () => server.stop(),
  };
}

function onFiles(): Started {
  const root = mkdtempSync(path.join(tmpdir(), 'cachectl-scope-'));
  const folder = path.join(root, 'data');
  const known = new Map<string, string>();
  const lockHead = 'file-store-lock:';
  return {
    share: 0.2,
    has: new Set(['lock']),
    lockHead,
    profile: (prefix) => ({ ...COMMON, driver: 'file', prefix, path: folder, lockPrefix: lockHead }),
    expect(keys) {
      known.clear();
      for (const key of keys) known.set(createHash('sha1').update(key).digest('hex'), key);
    },
    async records() {
      const files = statSync(folder, { throwIfNoEntry: false })
        ? readdirSync(folder, { recursive: true, withFileTypes: true })
        : [];
      return files
        .filter((file) => file.isFile())
        .map(({ parentPath, name }) => {
          const content = readFileSync(path.join(parentPath, name), 'latin1');
          const place = content.includes(OWNER) ? 'locks' : 'entries';
          return { place, key: Buffer.from(known.get(name) ?? `unknown ${name}`), content };
        });
    },
    async clear() {
      rmSync(folder, { recursive: true, force: true });
    },
    async stop() {
      rmSync(root, { recursive: true });
    },
  };
}
