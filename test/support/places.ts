import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Result, Run, RunOptions } from './cli.js';

import { cachectl, start } from './cli.js';
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
export function onEveryStore(behaviour: (place: Place, driver: 'redis' | 'sqlite') => void): void {
  describe('on SQLite', () => behaviour(sqlitePlace(), 'sqlite'));
  describe('on Redis', () => behaviour(redisPlace(), 'redis'));
}

const PREFIX = 'shop-cache-';

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
