import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Run } from '../support/cli.js';

import { cachectl, start } from '../support/cli.js';
import { Database } from '../support/database.js';
import { expectFault, reportedCount } from '../support/faults.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** A store to check directly, without the program. */
interface Inside {
  url: string;
  /** Enough entries that a flush is seen to be under way. */
  fill(): Promise<number>;
  /** The rest can be fast. */
  hasten(): Promise<void>;
  count(): Promise<number>;
  /** Whether the flush has removed something. Cheap at any number of entries. */
  hasLost(filled: number): Promise<boolean>;
  end(): Promise<void>;
}

async function redisInside(redis: RedisServer): Promise<Inside> {
  const { client } = redis;
  return {
    url: `${redis.url}?prefix=shop-`,
    async fill() {
      await client.call('DEBUG', 'POPULATE', 1_000_000, 'shop-');
      return 1_000_000;
    },
    async hasten() {
      // A million keys take it long enough.
    },
    count: async () => client.dbsize(),
    hasLost: async (filled) => (await client.dbsize()) < filled,
    end: async () => redis.stop(),
  };
}

async function sqliteInside(): Promise<Inside> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-faults-'));
  const file = path.join(folder, 'cache.sqlite');
  const url = `sqlite://${file}?prefix=shop-`;
  await cachectl(['put', '000000', 'first', '--url', url]);
  const database = new Database(file);
  return {
    url,
    async fill() {
      // The work on each row takes so long that the command still runs when the signal arrives.
      database.exec(`INSERT INTO cache WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 39999)
        SELECT printf('shop-%06d', i), 'i:1;', 4102444800 FROM n;
        CREATE TRIGGER slow BEFORE DELETE ON cache BEGIN SELECT length(hex(zeroblob(100000))); END`);
      return 40_000;
    },
    async hasten() {
      database.exec('DROP TRIGGER slow');
    },
    count: async () => database.prepare('SELECT count(*) FROM cache').pluck().get() as number,
    async hasLost() {
      await nextTurn();
      return database.prepare(`SELECT 1 FROM cache WHERE key = 'shop-000000'`).get() === undefined;
    },
    async end() {
      database.close();
      rmSync(folder, { force: true, recursive: true });
    },
  };
}

async function until(holds: () => Promise<boolean>, run: Run): Promise<void> {
  while (!(await holds())) expect(run.child.exitCode, 'the run ended too early').to.equal(null);
}

for (const driver of ['Redis', 'SQLite']) {
  describe(`interrupted, on ${driver}`, function () {
    this.timeout(120_000);
    let inside: Inside;

    beforeEach(async function () {
      inside = await (driver === 'SQLite'
        ? sqliteInside()
        : redisInside(await startRedis(this, '--enable-debug-command', 'yes')));
    });

    afterEach(async () => inside?.end());

    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 4],
      ['SIGHUP', 4],
    ] as const) {
      it(`a flush by ${signal}: reports how many were removed, and a second run removes the rest`, async () => {
        const filled = await inside.fill();
        const run = start(['flush', '--yes', '--url', inside.url]);
        await until(async () => inside.hasLost(filled), run);
        run.child.kill(signal);
        const result = await run.ended;
        expectFault(result, { code, message: /^interrupted: removed [\d,]+ entries/, hint: 'Run the command again' });
        const left = await inside.count();
        expect(reportedCount('removed', result)).to.equal(filled - left);
        expect(left).to.be.greaterThan(0);
        await inside.hasten();
        const second = await cachectl(['flush', '--yes', '--url', inside.url]);
        expect(second).to.include({ code: 0, out: `removed ${left.toLocaleString('en-US')} entries\n` });
        expect(await inside.count()).to.equal(0);
      });

      it(`put --from waiting for input, by ${signal}: reports how many were stored`, async () => {
        const before = await inside.count();
        const run = start(['put', '--from', '-', '--url', inside.url]);
        const lines = Array.from({ length: 3000 }, (_, index) => `{"key":"k${index}","value":1}\n`);
        run.child.stdin.write(lines.join(''));
        await until(async () => {
          await nextTurn();
          return (await inside.count()) === before + 3000;
        }, run);
        run.child.kill(signal);
        const result = await run.ended;
        expectFault(result, { code, message: /^interrupted: stored [\d,]+ entries/ });
        expect(reportedCount('stored', result)).to.equal(3000);
        expect(await inside.count()).to.equal(before + 3000);
      });
    }
  });
}

describe('interrupted, lock:list', () => {
  let redis: RedisServer;
  let url: string;

  before(async function () {
    redis = await startRedis(this, '--enable-debug-command', 'yes');
    url = `${redis.url}?prefix=shop-`;
    await redis.client.call('DEBUG', 'POPULATE', 1_000_000, 'shop-');
  });

  after(async () => redis?.stop());

  /** Interrupt the command while it reads. */
  async function interrupted(...command: readonly string[]): Promise<Awaited<Run['ended']>> {
    await redis.client.config('RESETSTAT');
    const run = start([...command, '--url', url]);
    await until(async () => (await redis.client.info('commandstats')).includes('cmdstat_getrange:'), run);
    run.child.kill('SIGINT');
    return run.ended;
  }

  it('ends with the locks found so far, and without an error', async () => {
    const { code, out, err } = await interrupted('lock:list');
    expect({ code, out, err }).to.deep.equal({ code: 130, out: '', err: '' });
  });

  it('breaks no lock', async () => {
    const result = await interrupted('lock:release', '--stuck', '--yes');
    expectFault(result, { code: 130, message: /^interrupted before all locks were read/, hint: 'No lock was broken' });
  });
});
