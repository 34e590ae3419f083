import { expect } from 'chai';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SqlConnection } from '../../src/profiles/profile.js';
import type { PhpCache } from './php-peer.js';

import { until } from '../../src/testing/suite/stores.js';
import { cachectl, type Run, start } from './cli.js';
import { scratchFolder } from './scratch.js';

/** A Laravel application that uses its cache in two PHP processes. */
export interface LiveApplication {
  /** The folder of the application. */
  readonly folder: string;
  readonly writer: PhpCache;
  readonly locker: PhpCache;
  /** The cache of another application in the same table. */
  readonly neighbour: PhpCache;
  /** The URL of `folder`'s cache under the longer prefix of pages. */
  readonly pagesUrl: string;
}

const PAGES = 30;
const TURNS = 3;

/** A folder that cachectl takes for an application of Laravel 13 with its default configuration. */
export function laravelFolder(name: string, driver: string, place: SqlConnection): string {
  const folder = scratchFolder('application');
  const packages = [{ name: 'laravel/framework', version: 'v13.26.1' }];
  writeFileSync(path.join(folder, 'composer.lock'), JSON.stringify({ packages }));
  const env = {
    APP_NAME: name,
    CACHE_STORE: 'database',
    DB_CONNECTION: driver,
    DB_HOST: place.host,
    DB_PORT: place.port,
    DB_DATABASE: place.database,
    DB_USERNAME: place.username ?? '',
    DB_PASSWORD: place.password ?? '',
  };
  const lines = Object.entries(env).map(([key, value]) => `${key}="${value}"\n`);
  writeFileSync(path.join(folder, '.env'), lines.join(''));
  return folder;
}

/**
 * Tail, read and flush the cache while PHP writes to it, and take turns on a lock with PHP's `block()`. The cache must
 * be empty.
 */
export async function expectLiveUse(application: LiveApplication): Promise<void> {
  const tail = start(['events:tail', '--source', 'poll', '--json', '--laravel', application.folder]);
  try {
    await expectTold(application, tail);
  } finally {
    tail.child.kill('SIGINT');
    await tail.ended;
  }
}

async function expectTold(application: LiveApplication, tail: Run): Promise<void> {
  const { folder, writer, neighbour, pagesUrl } = application;
  const flags = ['--laravel', folder];
  const told = (type: string, keys: readonly string[]): boolean => {
    const seen = new Set(keysOf(tail.output(), type));
    return keys.every((key) => seen.has(key));
  };

  let probes = 0;
  await until(async () => {
    await writer.put('probe', valueOf(probes++), 600);
    return told('KeyWritten', ['probe']);
  });
  for (const cache of [writer, neighbour]) {
    for (const key of pages()) expect(await cache.put(key, valueOf(0), 600)).to.be.true;
  }

  await until(() => told('KeyWritten', pages()));
  await neighbour.acquire('deploy', 600, 'neighbour');

  const state = { isOver: false };
  let written = 0;
  const write = async (): Promise<void> => {
    for (; !state.isOver; written++) {
      expect(await writer.put(`user:${written}`, valueOf(written), 600)).to.be.true;
      expect(await neighbour.put(`page:${written}`, valueOf(written), 600)).to.be.true;
    }
  };

  const read = async (): Promise<void> => {
    while (!state.isOver) {
      const least = written;
      const { out, code } = await cachectl(['keys', 'user:*', '--count', ...flags]);
      expect(code).to.equal(0);
      expect(Number(out)).to.be.within(least, written + 1);
    }
  };

  const flush = async (): Promise<void> => {
    const run = await cachectl(['flush', '--yes', '--json', '--url', pagesUrl]);
    expect(run.code, run.err).to.equal(0);
    expect(JSON.parse(run.out)).to.include({ removed: PAGES });
  };

  const work = Promise.all([flush(), takeTurns(application, flags)]).finally(() => {
    state.isOver = true;
  });
  await Promise.all([work, write(), read()]);

  const users = Array.from({ length: written }, (_, index) => `user:${index}`);
  await until(() => told('KeyWritten', users) && told('KeyForgotten', pages()));
  expect(keysOf(tail.output(), 'KeyForgotten')).to.have.members(pages());
  expect((await writer.many(users)).map(String)).to.deep.equal(users.map((_, index) => String(valueOf(index))));
  expect((await writer.many(pages())).map(String)).to.deep.equal(pages().map(() => 'N;'));
  const others = Array.from({ length: Math.max(PAGES, written) }, (_, index) => `page:${index}`);
  expect((await neighbour.many(others)).map(String)).not.to.include('N;');
  expect(await neighbour.owner('deploy')).to.equal('neighbour');
}

/**
 * Each waits while the other holds the lock. The holder makes a folder and removes it, which fails if another holder has
 * made it.
 */
async function takeTurns({ locker, folder }: LiveApplication, flags: readonly string[]): Promise<void> {
  const held = path.join(folder, 'held');
  const job = ['sh', '-c', 'mkdir "$0" && echo acquired && read -r line; rmdir "$0"', held];
  const block = async (): Promise<boolean> => locker.block('turns', 600, 'laravel', 60);
  let next = block();
  for (let turn = 0; turn < TURNS; turn++) {
    expect(await next).to.be.true;
    mkdirSync(held);
    const ours = start(['lock:run', 'turns', '--wait', '1m', ...flags, '--', ...job]);
    await ours.saw('waiting for turns: held by laravel', 'err');
    await locker.put('turns', valueOf(turn), 600);
    rmdirSync(held);
    expect(await locker.release('turns', 'laravel')).to.be.true;
    await ours.saw('acquired');
    next = block();
    ours.child.stdin.end('\n');
    const { code, err } = await ours.ended;
    expect(code, err).to.equal(0);
  }

  expect(await next).to.be.true;
  expect(await locker.release('turns', 'laravel')).to.be.true;
}

function pages(): string[] {
  return Array.from({ length: PAGES }, (_, index) => `page:${index}`);
}

function valueOf(index: number): Buffer {
  return Buffer.from(`i:${index};`);
}

/** The keys of a type of event, from lines of JSON of which the last may be incomplete. */
function keysOf(lines: string, type: string): string[] {
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type: string; key: string })
    .filter((event) => event.type === type)
    .map(({ key }) => key);
}
