import { expect } from 'chai';
import { once } from 'node:events';

import { until } from '../../src/testing/suite/stores.js';
import { cachectl, start } from '../support/cli.js';
import { doctor } from '../support/doctor.js';
import { withRedis } from '../support/faults.js';
import { startMemcached } from '../support/memcached-server.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const PREFIXES = 'prefix=shop-cache-&connectionPrefix=shop-database-';

describe('doctor on Redis', () => {
  const redis = withRedis('--databases', '4');

  const url = (more = ''): string => `${redis().url}?${PREFIXES}${more}`;

  const as = (user: string): string => url().replace('//', `//${user}@`);

  afterEach(async () => redis().flush());

  it('passes a healthy server, step by step and in order, and leaves no key behind', async () => {
    const { code, findings, about } = await doctor(['--url', url()]);
    expect(code).to.equal(0);
    expect(findings.filter(({ state }) => state === 'fault')).to.be.empty;
    const steps = ['profile', 'connect', 'login', 'permissions', 'reading', 'writing', 'counting', 'tags', 'locks'];
    const rest = ['server', 'memory', 'persistence', 'notifications', 'clock', 'prefix', 'latency'];
    const subjects = findings.map(({ subject }) => subject);
    expect(subjects.filter((subject) => [...rest, ...steps].includes(subject))).to.deep.equal([...steps, ...rest]);
    expect(about('permissions').message).to.equal('user default may run every command that cachectl uses');
    expect(await redis().client.dbsize()).to.equal(0);
  });

  it('writes nothing with --read-only', async () => {
    await redis().client.config('RESETSTAT');
    const { code, about } = await doctor(['--read-only', '--url', url()]);
    expect(code).to.equal(0);
    expect(about('writing').state).to.equal('skipped');
    const dirty = /rdb_changes_since_last_save:(\d+)/.exec(await redis().client.info('persistence'))![1];
    await doctor(['--read-only', '--url', url()]);
    expect(/rdb_changes_since_last_save:(\d+)/.exec(await redis().client.info('persistence'))![1]).to.equal(dirty);
  });

  it('removes its scratch keys when interrupted', async () => {
    const run = start(['doctor', '--latency-samples', '100000', '--url', url()]);
    await run.saw('writing');
    run.child.kill('SIGINT');
    const { code, err } = await run.ended;
    expect(code).to.equal(130);
    expect(err).to.include('interrupted');
    expect(await redis().client.dbsize()).to.equal(0);
  });

  it('reports an unneeded password', async () => {
    const { code, about } = await doctor(['--url', url().replace('//', '//:geheim@')]);
    expect(code).to.equal(0);
    expect(about('login')).to.deep.include({ state: 'warning' });
    expect(about('login').message).to.include('requires no password, although the profile has one');
  });

  it('names the prefix that the existing keys have', async () => {
    await redis().client.mset('shop_database_shop_cache_a', '1', 'shop_database_shop_cache_b', '2');
    const { about } = await doctor(['--url', url()]);
    expect(about('prefix').state).to.equal('warning');
    expect(about('prefix').message).to.include('but 2 keys begin with shop_database_shop_cache_');
    expect(about('prefix').hint).to.include('connectionPrefix: shop_database_, prefix: shop_cache_');
  });

  it('reports a missing connection prefix, or one too many', async () => {
    await redis().client.mset('shop-database-shop-cache-a', '1', 'shop-database-shop-cache-b', '2');
    const missing = await doctor(['--url', `${redis().url}?prefix=shop-cache-`]);
    expect(missing.about('prefix').hint).to.match(/change the profile: connectionPrefix: shop-database-$/);
    await redis().flush();
    await redis().client.mset('shop-cache-a', '1', 'shop-cache-b', '2');
    const needless = await doctor(['--url', url()]);
    expect(needless.about('prefix').hint).to.match(/change the profile: remove connectionPrefix$/);
  });

  it('names the database of the keys', async () => {
    await redis().client.set('shop-database-shop-cache-a', '1');
    const { about } = await doctor(['--url', `${redis().url.replace(/0$/, '1')}?${PREFIXES}`]);
    expect(about('database').message).to.equal('database 1 is empty, while database 0 has 1 key');
    expect(about('database').hint).to.include('database: 0');
  });

  it('guesses serializer and compression of undecodable values', async () => {
    // phpredis's igbinary of ["a" => 1].
    await redis().client.set(
      'shop-database-shop-cache-a',
      Buffer.from('00000002140111016106 01'.replace(' ', ''), 'hex'),
    );
    const wrong = await doctor(['--url', url()]);
    expect(wrong.code).to.equal(1);
    expect(wrong.about('contents').state).to.equal('fault');
    expect(wrong.about('contents').hint)
      .to.include('would read them')
      .and.include('serializer: igbinary, compression: none');
    const right = await doctor(['--url', url('&serializer=igbinary')]);
    expect(right.about('contents').message).to.equal('1 entry read with the settings of the profile');
  });

  it('ignores locks, and recognizes tags of Laravel 9', async () => {
    await redis().client.mset({
      'shop-database-shop-cache-deploy': 'AbCdEfGhIjKlMnOp',
      'shop-database-shop-cache-a': 's:1:"x";',
      'shop-database-shop-cache-tag:people:key': 's:22:"6565f9a1b2c3d123456789";',
    });
    const { about } = await doctor(['--url', url()]);
    expect(about('contents').message).to.equal('1 entry read with the settings of the profile');
    expect(about('tags layout').message).to.include('Laravel 9');
  });

  it('explains eviction for entries and locks, and for separate locks', async () => {
    await redis().client.config('SET', 'maxmemory', '100mb');
    try {
      expect((await doctor(['--url', url()])).about('memory').message).to.include('every write is refused');
      await redis().client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const { about } = await doctor(['--url', url()]);
      expect(about('memory').state).to.equal('warning');
      expect(about('memory').message).to.include('held locks');
    } finally {
      await redis().client.config('SET', 'maxmemory-policy', 'noeviction');
      await redis().client.config('SET', 'maxmemory', '0');
    }
  });

  it('restores with --fix what a killed tail left', async () => {
    const tail = start(['events:tail', '--enable', '--url', url()]);
    const flags = async (): Promise<string> =>
      ((await redis().client.config('GET', 'notify-keyspace-events')) as string[])[1]!;
    await until(async () => (await flags()) !== '');
    const end = once(tail.child, 'close');
    tail.child.kill('SIGKILL');
    await end;
    expect(await flags()).not.to.equal('');
    const found = await doctor(['--url', url()]);
    const left = found.findings.find(({ fix }) => Boolean(fix))!;
    expect(left).to.deep.include({ subject: 'notifications', state: 'warning', fixed: false });
    expect(await flags()).not.to.equal('');

    const unasked = await cachectl(['doctor', '--fix', '--url', url()]);
    expect(unasked).to.include({ code: 2 });
    expect(unasked.err).to.include('no terminal to confirm on').and.include('Add --yes to go ahead, or remove --fix.');
    expect(await flags()).not.to.equal('');

    const fixed = await doctor(['--fix', '--yes', '--url', url()]);
    expect(fixed.findings.find(({ fix }) => Boolean(fix))!.fixed).to.be.true;
    expect(await flags()).to.equal('');
    expect(await redis().client.dbsize()).to.equal(0);
    expect((await doctor(['--url', url()])).findings.every(({ fix }) => !fix)).to.be.true;
  });

  it('on another server’s port, names the server that answers', async function () {
    const memcached = await startMemcached(this as never);
    const { code, findings } = await doctor(['--url', `redis://${memcached.address}`]);
    await memcached.stop();
    expect(code).to.equal(3);
    expect(findings.at(-1)).to.deep.include({ subject: 'greeting', state: 'fault' });
    expect(findings.at(-1)!.message).to.match(/is a Memcached server, not Redis$/);
  });

  describe('with users', () => {
    before(async () => {
      await redis().client.call('ACL', 'SETUSER', 'reader', 'on', '>r', '~shop-*', '+get', '+pttl', '+scan', '+select');
    });

    it('names the commands that a user may not run, and how to grant them', async () => {
      const { code, about } = await doctor(['--read-only', '--url', as('reader:r')]);
      expect(code).to.equal(0);
      expect(about('permissions').state).to.equal('warning');
      expect(about('permissions').message).to.match(/^user reader may not .*put, add \(SET\);.*forget \(UNLINK\)/);
      expect(about('permissions').message).not.to.match(/(?:not |; )get \(/);
      expect(about('permissions').hint).to.match(/ACL SETUSER reader .*\+set .*\+unlink/);
      expect(await redis().client.dbsize()).to.equal(0);
    });

    for (const [what, needed, args] of [
      ['export, copy', 'scan get pttl strlen getrange', ['export']],
      ['inspect', 'get pttl type', ['inspect', 'a']],
      ['remember', 'get pttl set eval del expire', ['remember', 'r', '--ttl', '1m', '--', 'echo', 'made']],
    ] as const) {
      it(`knows the rights for ${what}: it works with them, and they are named otherwise`, async () => {
        const rights = needed.split(' ').map((name) => `+${name}`);
        await redis().client.set('shop-database-shop-cache-a', '1');
        await redis().client.call('ACL', 'SETUSER', 'some', 'reset', 'on', '>s', '~shop-*', ...rights);
        const { about } = await doctor(['--read-only', '--url', as('some:s')]);
        expect(about('permissions').message).not.to.match(new RegExp(`(?:not|;) ${what} \\(`));
        const run = await cachectl([...args], { env: { CACHECTL_URL: as('some:s') } });
        expect(run).to.include({ code: 0, err: what === 'export, copy' ? 'exported 1 entry\n' : '' });
        for (const [index, name] of needed.split(' ').entries()) {
          await redis().client.call('ACL', 'SETUSER', 'some', '-@all', ...rights.toSpliced(index, 1));
          const lacking = await doctor(['--read-only', '--url', as('some:s')]);
          expect(lacking.about('permissions').message).to.include(`${what} (${name.toUpperCase()})`);
        }
      });
    }

    it('reports that the user may not use the keys', async () => {
      const { code, findings } = await doctor(['--url', `${redis().url.replace('//', '//reader:r@')}?prefix=other-`]);
      expect(code).to.equal(3);
      const { message, hint } = findings.find(({ subject }) => subject === 'permissions')!;
      expect(message).to.include('has no access to keys such as other-');
      expect(hint).to.include('~other-*');
    });

    it('stops at a wrong password without showing it', async () => {
      const { code, findings, out } = await doctor(['--url', as('reader:falsch-geheim')]);
      expect(code).to.equal(3);
      expect(findings.at(-1)).to.deep.include({ subject: 'login', state: 'fault' });
      expect(findings.at(-1)!.message).to.include('refused the user name or password');
      expect(out).not.to.include('falsch-geheim');
    });
  });

  describe('on a read-only replica', () => {
    let replica: RedisServer;

    before(async function () {
      replica = await startRedis(this, '--replicaof', '127.0.0.1', String(redis().port));
    });

    after(async () => replica?.stop());

    it('reports the replica, and writing fails', async () => {
      const { code, about } = await doctor(['--url', `${replica.url}?${PREFIXES}`]);
      expect(code).to.equal(3);
      expect(about('writing')).to.deep.include({ state: 'fault' });
      expect(about('writing').message).to.include('is a read-only replica');
      expect(about('replication').message).to.include(`replica of 127.0.0.1:${redis().port}`);
    });

    it('passes with --read-only', async () => {
      expect((await doctor(['--read-only', '--url', `${replica.url}?${PREFIXES}`])).code).to.equal(0);
    });
  });
});
