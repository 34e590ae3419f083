import { expect } from 'chai';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Run } from '../support/cli.js';
import type { Place } from '../support/places.js';

import { cachectl, start } from '../support/cli.js';
import { Database } from '../support/database.js';
import { expectFault, withRedis } from '../support/faults.js';
import { sqlitePlace } from '../support/places.js';

/** Write a key repeatedly until the tail reports it. */
async function heard(run: Run, key: string, write: (key: string) => Promise<unknown>): Promise<void> {
  while (!run.output().includes(key)) {
    await write(key);
    await nextTurn();
    expect(run.child.exitCode, 'the tail ended too early').to.equal(null);
  }
}

/** The reader closes the pipe; the tail notices at the next event that it prints. */
async function closePipe(run: Run, write: (key: string) => Promise<unknown>) {
  run.child.stdout.destroy();
  while (run.child.exitCode === null) {
    await write('after');
    await nextTurn();
  }

  return run.ended;
}

describe('events:tail on Redis restores the setting', () => {
  const redis = withRedis('--save', '');
  const BEFORE = 'KA';
  const setting = async (): Promise<string> => {
    const [, flags = ''] = (await redis().client.config('GET', 'notify-keyspace-events')) as string[];
    return [...flags].sort().join('');
  };

  const write = async (key: string) => redis().client.set(key, '1');
  const tail = (...args: string[]): Run => start(['events:tail', '--enable', ...args, '--url', redis().url]);

  beforeEach(async () => {
    await redis().client.flushall();
    await redis().client.config('SET', 'notify-keyspace-events', BEFORE);
  });

  async function expectAsBefore(): Promise<void> {
    expect(await setting()).to.equal('AK');
    expect(await redis().client.keys('cachectl*')).to.deep.equal([]);
  }

  for (const [how, end, code] of [
    ['Ctrl-C', async (run: Run) => run.child.kill('SIGINT'), 130],
    ['a termination', async (run: Run) => run.child.kill('SIGTERM'), 4],
    ['a closed pipe', async (run: Run) => closePipe(run, write), 0],
  ] as const) {
    it(`after ${how}`, async () => {
      const run = tail();
      await heard(run, 'probe', write);
      expect(await setting()).not.to.equal('AK');
      await end(run);
      expect(await run.ended).to.include({ code, err: '' });
      await expectAsBefore();
    });
  }

  it('after six at once, when the last one ends', async () => {
    const tails = Array.from({ length: 6 }, () => tail());
    for (const run of tails) await heard(run, 'probe', write);
    const last = tails.pop()!;
    for (const { child, ended } of tails) {
      child.kill('SIGINT');
      await ended;
    }

    await heard(last, 'still', write);
    last.child.kill('SIGINT');
    await last.ended;
    await expectAsBefore();
  });

  async function killed(): Promise<void> {
    const run = tail();
    await heard(run, 'probe', write);
    run.child.kill('SIGKILL');
    await run.ended;
    expect(await setting()).not.to.equal('AK');
    // The server takes a moment to notice the lost connection.
    while (String(await redis().client.client('LIST')).includes('name=cachectl')) await nextTurn();
  }

  it('after a kill, at the next run with --enable', async () => {
    await killed();
    const next = tail();
    await heard(next, 'again', write);
    next.child.kill('SIGINT');
    await next.ended;
    await expectAsBefore();
  });

  it('after a kill, at the next run without --enable', async () => {
    await killed();
    const result = await cachectl(['events:tail', '--for', '1s', '--url', redis().url]);
    expectFault(result, { code: 3, message: 'does not send keyspace notifications', hint: '--enable' });
    await expectAsBefore();
  });

  it('and warns that hits and misses are missing where the setting lacks m', async () => {
    await redis().client.config('SET', 'notify-keyspace-events', 'AKE');
    const args = ['--source', 'monitor', '--for', '1s', '--url', redis().url];
    for (const command of ['top', 'events:tail']) {
      const { code, err } = await cachectl([command, ...args]);
      expect({ code, err }).to.have.property('code', 0);
      expect(err).to.include('hits and misses are not reported: notify-keyspace-events lacks m (--enable');
    }

    expect((await cachectl(['top', '--enable', ...args])).err).not.to.include('not reported');
    expect(await setting())
      .to.include('A')
      .and.not.include('m');
  });

  it('unless someone else changed it meanwhile', async () => {
    const run = tail();
    await heard(run, 'probe', write);
    await redis().client.config('SET', 'notify-keyspace-events', 'Ex');
    run.child.kill('SIGINT');
    await run.ended;
    expect(await setting()).to.equal('Ex');
    expect(await redis().client.keys('cachectl*')).to.deep.equal([]);
  });
});

describe('events:tail on SQLite leaves nothing in the file', () => {
  const place = sqlitePlace();
  let database: Database;
  let before: unknown;

  beforeEach(async () => {
    await place.run(['put', 'a', '1', '--tags', 't']);
    database = new Database(fileOf(place));
    before = schema();
  });

  afterEach(() => database.close());

  const schema = (): unknown => database.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all();
  const write = async (key: string) =>
    database
      .prepare('INSERT OR REPLACE INTO cache (key, value, expiration) VALUES (?, ?, 4102444800)')
      .run(place.prefix + key, 'i:1;');

  for (const [how, end, code] of [
    ['Ctrl-C', async (run: Run) => run.child.kill('SIGINT'), 130],
    ['a termination', async (run: Run) => run.child.kill('SIGTERM'), 4],
    ['a closed pipe', async (run: Run) => closePipe(run, write), 0],
  ] as const) {
    it(`after ${how}`, async () => {
      const run = place.start(['events:tail']);
      await heard(run, 'probe', write);
      expect(schema()).not.to.deep.equal(before);
      await end(run);
      expect(await run.ended).to.include({ code, err: '' });
      expect(schema()).to.deep.equal(before);
    });
  }

  it('after two at once, when the last one ends', async () => {
    const first = place.start(['events:tail']);
    const second = place.start(['events:tail']);
    await heard(first, 'probe', write);
    await heard(second, 'probe', write);
    first.child.kill('SIGINT');
    await first.ended;
    await heard(second, 'still', write);
    second.child.kill('SIGINT');
    await second.ended;
    expect(schema()).to.deep.equal(before);
  });

  it('after a kill: inert when its lease ends, and removed by the next write of cachectl', async () => {
    const run = place.start(['events:tail']);
    await heard(run, 'probe', write);
    run.child.kill('SIGKILL');
    await once(run.child, 'close');
    const left = database
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'cachectl_tail_[0-9]*'`)
      .pluck()
      .get();
    expect(left).to.be.a('string');
    const noted = (): unknown =>
      database
        .prepare(`SELECT count(*) FROM ${String(left)}`)
        .pluck()
        .get();
    await write('during');
    const during = noted();
    expect(during).to.be.greaterThan(0);
    database.prepare('UPDATE cachectl_tails SET lease = 1').run();
    await write('after');
    expect(noted()).to.equal(during);
    expect((await place.run(['put', 'next', '1'])).code).to.equal(0);
    expect(schema()).to.deep.equal(before);
  });
});

function fileOf(place: Place): string {
  return new URL(place.url()).pathname;
}
