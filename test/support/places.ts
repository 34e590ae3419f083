import type { Suite, Test } from 'mocha';

import { Binary } from 'mongodb';
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { EventType } from '../../src/stores/contract/events.js';
import type { Traits } from '../../src/stores/contract/store.js';
import type { EntryDocument } from '../../src/stores/mongodb/deployment.js';
import type { SqlDriver } from '../../src/stores/sql/store.js';
import type { Result, Run, RunOptions } from './cli.js';
import type { SqlServer } from './sql-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { string } from '../../src/codecs/value.js';
import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { openSqlite } from '../../src/stores/sqlite/store.js';
import { cachectl, start } from './cli.js';
import { Database } from './database.js';
import { RUNS_ALL } from './extent.js';
import { type MemcachedServer, startMemcached } from './memcached-server.js';
import { type MongodbServer, startMongodb } from './mongodb-server.js';
import { startMysql } from './mysql-server.js';
import { startPostgres } from './postgres-server.js';
import { startRedis } from './redis-server.js';
import { sqlProfile } from './sql-server.js';
import { createLaravelTables, createOwnTables, type SqlAdmin, sqlAdmin } from './sql-tables.js';

/** A store for the built program, empty before each test. */
export interface Place extends Ground {
  /** The prefix of its entries. */
  readonly prefix: string;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  /** A run that has not ended after the test is killed. */
  start(args: readonly string[], options?: RunOptions): Run;
}

/** Where a store is, and how it behaves through the built program. */
interface Ground extends Pick<Traits, 'countsTagged' | 'keyBytes' | 'lockStorage'> {
  /** A size that is too large for an incompressible value. Left out if a test cannot store that much. */
  readonly tooLarge?: number;
  /** Strings are stored bare, with their type beside them. */
  readonly keepsStringsBare: boolean;
  url(): string;
  /** The event types that the server under test reports. */
  eventTypes(): Promise<readonly EventType[]>;
  /** Store serialized bytes under a key, without the program. */
  plant(key: string, bytes: Buffer): Promise<void>;
}

type Behaviour<Driver> = (place: Place, driver: Driver) => void;

/** Describe the same behaviour on each persistent store, through the built program. */
export function onEveryStore(behaviour: Behaviour<PersistentDriver>): readonly Suite[] {
  return [
    describe('on SQLite', () => behaviour(sqlitePlace(), 'sqlite')),
    describe('on Redis', () => behaviour(redisPlace(), 'redis')),
    describe('on Memcached', () => behaviour(memcachedPlace(), 'memcached')),
    describe('on MongoDB', () => behaviour(mongodbPlace(), 'mongodb')),
  ];
}

/**
 * For behaviour that hardly depends on the store: each case runs on two stores, which its title decides. With
 * CACHECTL_TESTS=all it runs on each.
 */
export function onTwoStores(behaviour: Behaviour<PersistentDriver>): void {
  const suites = onEveryStore(behaviour);
  if (!RUNS_ALL) shareCases(suites);
}

/** Describe it on SQL servers. They are not among all stores, since most commands do not depend on the server. */
export function onSqlServers(behaviour: Behaviour<'mysql' | 'postgres'>): void {
  describe('on MariaDB', () => behaviour(mysqlPlace(), 'mysql'));
  describe('on PostgreSQL', () => behaviour(postgresPlace(), 'postgres'));
}

export type PersistentDriver = 'memcached' | 'mongodb' | 'redis' | 'sqlite';

const PREFIX = 'shop-cache-';
const DATABASE = 'cachectl-test';
const YEAR_2100 = new Date('2100-01-01');

export function sqlitePlace(): Place {
  let folder = '';
  // Create the file, since reads of a missing file print a warning.
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sqlite-'));
    await createSqlite(`${folder}/cache.sqlite`);
  });
  const place = placeOn({
    countsTagged: true,
    lockStorage: 'separate',
    keepsStringsBare: false,
    url: () => `sqlite://${folder}/cache.sqlite?prefix=${PREFIX}`,
    eventTypes: async () => [
      'KeyWritten',
      'KeyForgotten',
      'KeyExpired',
      'LockAcquired',
      'LockContended',
      'LockReleased',
    ],
    async plant(key, bytes) {
      const database = new Database(`${folder}/cache.sqlite`);
      database
        .prepare('INSERT INTO cache (key, value, expiration) VALUES (?, CAST(? AS TEXT), ?)')
        .run(PREFIX + key, bytes, YEAR_2100.getTime() / 1000);
      database.close();
    },
  });
  afterEach(() => rmSync(folder, { force: true, recursive: true }));
  return place;
}

export function redisPlace(): Place {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  before(async function () {
    redis = await startRedis(this);
  });
  const place = placeOn({
    countsTagged: true,
    lockStorage: 'among-entries',
    keepsStringsBare: false,
    url: () => `${redis.url}?prefix=${PREFIX}&connectionPrefix=shop-database-`,
    async eventTypes() {
      const entries = ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'KeyEvicted', 'CacheMissed'] as const;
      return [...entries, 'LockAcquired', 'LockReleased'];
    },
    async plant(key, bytes) {
      await redis.client.set(`shop-database-${PREFIX}${key}`, bytes);
    },
  });
  afterEach(async () => redis.flush());
  after(async () => redis?.stop());
  return place;
}

export function memcachedPlace(): Place {
  let memcached: MemcachedServer;
  before(async function () {
    memcached = await startMemcached(this);
  });
  const place = placeOn({
    countsTagged: false,
    lockStorage: 'among-entries',
    keyBytes: 250,
    tooLarge: 1_048_576,
    keepsStringsBare: true,
    // Some tests use keys that are not ASCII.
    url: () => `memcached://${memcached.address}?prefix=${PREFIX}&unicodeKeys=true`,
    async eventTypes() {
      const [, minor, patch] = /VERSION 1\.(\d+)\.(\d+)/.exec(await memcached.say('version'))!.map(Number);
      const entries = ['CacheHit', 'CacheMissed', 'KeyWritten', 'KeyEvicted'] as const;
      const older: EventType[] = [...entries, 'LockAcquired', 'LockContended'];
      return minor! > 6 || patch! >= 20 ? [...older, 'KeyForgotten', 'LockReleased'] : older;
    },
    plant: async (key, bytes) => storeSerialized(memcached, PREFIX + key, bytes),
  });
  afterEach(async () => memcached.flush());
  after(async () => memcached?.stop());
  return place;
}

export function mongodbPlace(): Place {
  let mongodb: MongodbServer;
  before(async function () {
    mongodb = await startMongodb(this, 'java');
  });
  const place = placeOn({
    countsTagged: true,
    lockStorage: 'separate',
    tooLarge: 16_777_216,
    keepsStringsBare: false,
    url() {
      const [base, options = ''] = mongodb.url.split('?');
      return `${base!.replace(/\/$/, '')}/${DATABASE}?${options === '' ? '' : `${options}&`}prefix=${PREFIX}`;
    },
    eventTypes: async () => ['KeyWritten', 'KeyForgotten', 'LockAcquired', 'LockReleased', 'CacheFlushed'],
    async plant(key, bytes) {
      const value = isUtf8(bytes) ? bytes.toString() : new Binary(bytes);
      const cache = mongodb.client.db(DATABASE).collection<EntryDocument>('cache');
      // eslint-disable-next-line camelcase -- a field of documents that Laravel writes
      await cache.insertOne({ _id: PREFIX + key, value, expires_at: YEAR_2100 });
    },
  });
  afterEach(async () => {
    const collections = await mongodb.client.db(DATABASE).collections();
    await Promise.all(collections.map(async (collection) => collection.deleteMany({})));
  });
  after(async () => mongodb?.stop());
  return place;
}

export function mysqlPlace(): Place {
  return sqlPlace('mysql', startMysql, MYSQL);
}

export function postgresPlace(): Place {
  return sqlPlace('postgres', startPostgres, POSTGRES);
}

function sqlPlace(driver: 'mysql' | 'postgres', startServer: typeof startMysql, sql: SqlDriver): Place {
  let server: SqlServer;
  let admin: SqlAdmin;
  before(async function () {
    server = await startServer(this);
    const profile = sqlProfile(driver, server, PREFIX);
    await createLaravelTables(sql, profile);
    await createOwnTables(sql, profile);
    admin = sqlAdmin(sql, profile);
  });
  const place = placeOn({
    countsTagged: true,
    lockStorage: 'separate',
    keepsStringsBare: false,
    url: () => `${server.url}?prefix=${PREFIX}`,
    eventTypes: async () => [],
    async plant(key, bytes) {
      const [text, value] = [PREFIX + key, bytes.toString()].map((part) => part.replaceAll("'", "''"));
      await admin.run(`INSERT INTO cache VALUES ('${text}', '${value}', ${YEAR_2100.getTime() / 1000})`);
    },
  });
  afterEach(async () => {
    for (const table of ['cache', 'cache_locks', 'cachectl_tags', 'cachectl_waiters']) {
      await admin.run(`DELETE FROM ${table}`);
    }
  });
  after(async () => {
    await admin?.close();
    await server?.stop();
  });
  return place;
}

/** Keep each case in two of the suites that have it. */
function shareCases(suites: readonly Suite[]): void {
  const titles = suites.map((suite) => new Set(casesOf(suite).map((test) => titleIn(suite, test))));
  for (const [index, suite] of suites.entries()) {
    for (const test of casesOf(suite)) {
      const title = titleIn(suite, test);
      const having = titles.flatMap((all, store) => (all.has(title) ? [store] : []));
      const first = createHash('sha1').update(title).digest()[0]! % having.length;
      const second = (first + Math.ceil(having.length / 2)) % having.length;
      if (index === having[first] || index === having[second]) continue;
      test.parent!.tests = test.parent!.tests.filter((other) => other !== test);
    }
  }
}

function casesOf(suite: Suite): Test[] {
  return [...suite.tests, ...suite.suites.flatMap((inner) => casesOf(inner))];
}

function titleIn(suite: Suite, test: Test): string {
  return test.fullTitle().slice(suite.fullTitle().length);
}

function placeOn(ground: Ground): Place {
  const runs: Run[] = [];
  afterEach(async () => {
    for (const { child } of runs.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      // Child processes may still hold them.
      for (const stream of child.stdio) stream?.destroy();
    }
  });
  return {
    ...ground,
    prefix: PREFIX,
    run: async (args, options) => cachectl(withUrl(args, ground.url()), options),
    start(args, options) {
      const run = start(withUrl(args, ground.url()), options);
      runs.push(run);
      return run;
    },
  };
}

/** An empty cache, as cachectl creates it. */
export async function createSqlite(file: string): Promise<void> {
  const tables = { path: file, table: 'cache', lockTable: 'cache_locks' };
  const profile = { driver: 'sqlite', name: 'test', prefix: '', codec: 'php', protected: false, ...tables } as const;
  const store = openSqlite(profile, openCodec('php'), { timeoutMs: 20_000 });
  await store.put('first', string(''), 60);
  await store.forget(['first']);
  await store.close();
}

/** Like php-memcached: the flags say that the value is serialized. */
async function storeSerialized({ port }: MemcachedServer, full: string, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.concat([Buffer.from(`set ${full} 4 0 ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (answer.toString() !== 'STORED\r\n') throw new Error(`not stored: ${answer.toString()}`);
}

/** Words after `--` are a command. */
function withUrl(args: readonly string[], url: string): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  return args.toSpliced(end, 0, '--url', url);
}
