import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result, type Run, start } from '../../support/cli.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';

const PREFIX = 'shop-database-shop-cache-';
const SCHEDULE = 'framework/schedule-9b2f0a41c6d5e8f70123456789abcdef012345671230';
const WINDOWS_SCHEDULE = String.raw`framework\schedule-9b2f0a41c6d5e8f70123456789abcdef01234567`;
const SESSION = 'Zk3Qp9sLmN1pR7tVZk3Qp9sLmN1pR7tV01234567';
const PAYLOAD = 's:31:"a:1:{s:6:"_token";s:3:"abc";}";';
const OWNER = 'aZ3kQ9sLmN1pR7tW';
const SLOT_OWNER = '8QcFgXs083zIp5zfmoZu';

/** Where an application stores locks: among the entries, or (Laravel's default) in database 0, next to sessions. */
const SET_UPS = [
  ['one database', 1, ''],
  ['locks and sessions in database 0', 0, ', locks: { database: 0 }'],
] as const;

describe('field: locks on Redis', () => {
  let server: RedisServer;
  let folder = '';
  let runs: Run[] = [];

  before(async function () {
    server = await startRedis(this, '--databases', '3');
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-field-'));
    const base = `driver: redis, url: 'redis://127.0.0.1:${server.port}/1', connectionPrefix: shop-database-, prefix: shop-cache-`;
    const profiles = SET_UPS.map(([, database, more]) => `  shop${database}: { ${base}${more} }`);
    writeFileSync(path.join(folder, 'cachectl.yaml'), `profiles:\n${profiles.join('\n')}\n`);
  });

  afterEach(async () => {
    for (const { child } of runs) child.kill('SIGKILL');
    runs = [];
    await server.flush();
  });

  after(async () => {
    rmSync(folder, { force: true, recursive: true });
    await server?.stop();
  });

  const options = (): { cwd: string } => ({ cwd: folder });
  const on = async (profile: string, args: readonly string[]): Promise<Result> =>
    cachectl([...args, '-p', profile], options());

  async function set(database: number, name: string, value: string, ...more: Array<number | string>): Promise<unknown> {
    await server.client.select(database);
    return server.client.call('SET', PREFIX + name, value, ...more);
  }

  async function has(database: number, name: string): Promise<boolean> {
    await server.client.select(database);
    return (await server.client.exists(PREFIX + name)) === 1;
  }

  for (const [what, database, more] of SET_UPS) {
    describe(`in ${what}`, () => {
      const isApart = more !== '';
      const run = on.bind(undefined, `shop${database}`);
      const locks = async (...args: string[]): Promise<Array<{ name: string; owner: string; detectedBy: string }>> => {
        const { code, out } = await run(['lock:list', '--json', ...args]);
        expect(code).to.equal(0);
        return JSON.parse(out);
      };

      const names = async (...args: string[]): Promise<string[]> =>
        (await locks(...args)).map(({ name }) => name).toSorted();

      it('takes no session for a lock, and never prints its content as an owner', async () => {
        await set(database, SESSION, PAYLOAD, 'EX', 7200);
        expect(await names()).to.deep.equal([]);
        for (const args of [['lock:list'], ['lock:show', SESSION], ['lock:show', SESSION, '--json']]) {
          const { out, err } = await run(args);
          expect(out + err).not.to.include('_token');
        }

        const taken = await run(['lock:acquire', SESSION, '--ttl', '5s', '--json']);
        expect(taken.code).to.equal(1);
        expect(taken.out + taken.err).not.to.include('_token');
        expect((await run(['flush', '--locks-only', '--yes'])).code).to.equal(0);
        expect(await has(database, SESSION)).to.equal(true);
      });

      it('lists and keeps the lock of a scheduled task, wherever it is', async () => {
        await set(1, SCHEDULE, 'b:1;', 'EX', 3600);
        await set(1, WINDOWS_SCHEDULE, 'b:1;', 'EX', 3600);
        await set(1, 'k', 's:1:"v";');
        expect(await names()).to.deep.equal([SCHEDULE, WINDOWS_SCHEDULE].toSorted());
        const { out } = await run(['keys', '--long', '--json']);
        expect(
          JSON.parse(out).filter(({ detectedBy }: { detectedBy?: string }) => detectedBy === 'family'),
        ).to.have.length(2);
        expect((await run(['flush', '--pattern', '*', '--yes'])).out).to.match(/^removed 1 entry, .*, kept 2 locks\n/);
        await set(1, 'k', 's:1:"v";');
        expect((await run(['flush', '--dry-run'])).out).to.equal('would remove 1 entry, kept 2 locks\n');
        expect((await run(['flush', '--yes'])).out).to.equal('removed 1 entry, kept 2 locks\n');
        expect(await has(1, SCHEDULE)).to.equal(true);
        const shown = JSON.parse((await run(['lock:show', SCHEDULE, '--json'])).out);
        expect(shown).to.include({ held: true, owner: null, family: 'schedule' });
        expect((await run(['lock:acquire', SCHEDULE, '--ttl', '5s'])).code).to.equal(1);
        expect((await run(['lock:release', SCHEDULE, '--force', '--yes'])).code).to.equal(0);
        expect(await has(1, SCHEDULE)).to.equal(false);
      });

      it('treats the same keys as locks in every command', async () => {
        await set(database, 'orders', OWNER, 'EX', 600);
        await set(database, 'reports1', SLOT_OWNER, 'EX', 600);
        await set(1, 'k', 's:1:"v";');
        await set(1, 'number', '1234567890123456');
        expect(await names()).to.deep.equal(['orders', 'reports1']);
        const listed = JSON.parse((await run(['keys', '--long', '--json'])).out) as Array<{
          key: string;
          detectedBy?: string;
        }>;
        const told = listed.filter(({ detectedBy }) => detectedBy !== undefined).map(({ key }) => key);
        expect(told.toSorted()).to.deep.equal(isApart ? [] : ['orders', 'reports1']);
        if (!isApart) {
          const got = await run(['get', 'reports1']);
          expect(got.code).to.equal(3);
          expect(got.err).to.include('"reports1" is a lock, not an entry');
        }

        const exported = await run(['export']);
        expect(exported.out).not.to.include('reports1');
        const kept = isApart ? '' : ', kept 2 locks';
        expect((await run(['flush', '--larger-than', '1B', '--dry-run'])).out).to.match(new RegExp(`${kept}\n`));
        expect((await run(['flush', '--pattern', '*', '--yes'])).out).to.match(
          new RegExp(`^removed 2 entries, .*${kept}\n`),
        );
        expect((await run(['flush', '--yes'])).out).to.equal(`removed 0 entries${kept}\n`);
        expect(await names()).to.deep.equal(['orders', 'reports1']);
        expect((await run(['flush', '--locks', '--dry-run'])).out).to.equal('would remove 2 entries\n');
        expect((await run(['flush', '--locks', '--yes'])).out).to.equal('removed 2 entries\n');
        expect(await names()).to.deep.equal([]);
      });

      it('describes locks and sessions correctly', async () => {
        for (const source of ['monitor', 'notifications']) {
          const told = await tail(source, `shop${database}`, async () => {
            await set(database, SESSION, PAYLOAD, 'EX', 7200);
            await set(database, 'laravel_unique_job:Sync:1', OWNER, 'EX', 60, 'NX');
            await server.client.del(PREFIX + SESSION);
            await server.client.del(`${PREFIX}laravel_unique_job:Sync:1`);
          });
          expect(told).to.deep.equal(
            // Other data next to the locks is reported even if it is no cache entry.
            [
              `KeyWritten ${SESSION}`,
              'LockAcquired laravel_unique_job:Sync:1',
              `KeyForgotten ${SESSION}`,
              'LockReleased laravel_unique_job:Sync:1',
            ],
          );
        }
      });
    });
  }

  it('finds a custom owner in a separate lock database, and ignores numbers beside it', async () => {
    await set(0, 'import', 'worker-7');
    await set(0, 'login:ann', '3');
    await set(0, 'list', '["a"]');
    const run = on.bind(undefined, 'shop0');
    const listed = JSON.parse((await run(['lock:list', '--json'])).out);
    expect(listed).to.have.length(1);
    expect(listed[0]).to.include({ name: 'import', owner: 'worker-7', detectedBy: 'place' });
    expect((await run(['flush', '--locks', '--yes'])).out).to.equal('removed 1 entry\n');
    expect([await has(0, 'import'), await has(0, 'login:ann'), await has(0, 'list')]).to.deep.equal([
      false,
      true,
      true,
    ]);
  });

  /** The events of a tail during `work`. */
  async function tail(source: string, profile: string, work: () => Promise<void>): Promise<string[]> {
    const run = start(['events:tail', '--enable', '--source', source, '--json', '-p', profile], options());
    runs.push(run);
    run.child.stdin.end();
    const up = { is: false };
    const seen = run.saw('probe').then(() => {
      up.is = true;
    });
    seen.catch(() => {});
    while (!up.is && run.child.exitCode === null) await set(1, 'probe', '1');
    await seen;
    await work();
    await set(1, 'end', '1');
    await run.saw('"end"');
    run.child.kill('SIGINT');
    const { out } = await run.ended;
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; key: string })
      .filter(({ key }) => key !== 'probe' && key !== 'end')
      .map(({ type, key }) => `${type} ${key}`);
  }
});
