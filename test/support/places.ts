import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Result, Run, RunOptions } from './cli.js';

import { cachectl, start } from './cli.js';
import { startMemcached } from './memcached-server.js';
import { type MongodbServer, startMongodb } from './mongodb-server.js';
import { startRedis } from './redis-server.js';

/** A store that the built program can be pointed at, empty before each test. */
export interface Place {
  /** The prefix of its entries. */
  readonly prefix: string;
  url(): string;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  start(args: readonly string[], options?: RunOptions): Run;
}

/** Describes the same behaviour on each persistent store, through the built program. */
export function onEveryStore(behaviour: (place: Place, driver: PersistentDriver) => void): void {
  describe('on SQLite', () => behaviour(sqlitePlace(), 'sqlite'));
  describe('on Redis', () => behaviour(redisPlace(), 'redis'));
  describe('on Memcached', () => behaviour(memcachedPlace(), 'memcached'));
  describe('on MongoDB', () => behaviour(mongodbPlace(), 'mongodb'));
}

export type PersistentDriver = 'memcached' | 'mongodb' | 'redis' | 'sqlite';

const PREFIX = 'shop-cache-';
const DATABASE = 'cachectl-test';

export function sqlitePlace(): Place {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sqlite-'));
  });
  afterEach(() => rmSync(folder, { force: true, recursive: true }));
  return place(() => `sqlite://${folder}/cache.sqlite?prefix=${PREFIX}`);
}

export function redisPlace(): Place {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  before(async function () {
    redis = await startRedis(this);
  });
  afterEach(async () => redis.flush());
  after(async () => redis?.stop());
  return place(() => `${redis.url}?prefix=${PREFIX}&connectionPrefix=shop-database-`);
}

export function memcachedPlace(): Place {
  let memcached: Awaited<ReturnType<typeof startMemcached>>;
  before(async function () {
    memcached = await startMemcached(this);
  });
  afterEach(async () => memcached.flush());
  after(async () => memcached?.stop());
  return place(() => `memcached://${memcached.address}?prefix=${PREFIX}`);
}

export function mongodbPlace(): Place {
  let mongodb: MongodbServer;
  before(async function () {
    mongodb = await startMongodb(this, 'java');
  });
  afterEach(async () => {
    const database = mongodb.client.db(DATABASE);
    await Promise.all(['cache', 'cache_locks'].map(async (name) => database.collection(name).deleteMany({})));
  });
  after(async () => mongodb?.stop());
  return place(() => {
    const [base, options = ''] = mongodb.url.split('?');
    return `${base!.replace(/\/$/, '')}/${DATABASE}?${options === '' ? '' : `${options}&`}prefix=${PREFIX}`;
  });
}

function place(url: () => string): Place {
  return {
    prefix: PREFIX,
    url,
    run: async (args, options) => cachectl(withUrl(args, url()), options),
    start: (args, options) => start(withUrl(args, url()), options),
  };
}

/** What stands behind two dashes is a command of its own. */
function withUrl(args: readonly string[], url: string): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  return args.toSpliced(end, 0, '--url', url);
}
