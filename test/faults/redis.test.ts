import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { type FaultProxy, startSilentServer } from '../support/fault-proxy.js';
import { expectFault, reportedCount, withRedis } from '../support/faults.js';
import { freePort, type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

const ENTRIES = path.join(scratchFolder('faults'), 'entries.ndjson');
writeFileSync(ENTRIES, '{"key":"a","value":1}\n');

const WRITING: ReadonlyArray<readonly string[]> = [
  ['put', 'a', 'b'],
  ['put', 'a', 'b', '--tags', 't'],
  ['put', 'a', 'b', '--if-absent'],
  ['put', '--from', ENTRIES],
  ['lock:acquire', 'a', '--ttl', '60'],
];

const EVERY: ReadonlyArray<readonly string[]> = [
  ['get', 'a'],
  ['get', 'a', 'b'],
  ['forget', 'a'],
  ['flush', '--yes'],
  ['flush', '--yes', '--all'],
  ['tags:flush', 't', '--yes'],
  ['lock:release', 'a', '--owner', 'ann'],
  ['events:tail'],
  ['events:tail', '--enable'],
  ...WRITING,
];

describe('a Redis server that cannot be reached', () => {
  for (const command of EVERY) {
    it(`refuses connections: ${command.slice(0, 2).join(' ')}`, async () => {
      const port = await freePort();
      expectFault(await cachectl([...command, '--url', `redis://:s3cret@127.0.0.1:${port}`]), {
        code: 3,
        message: `redis 127.0.0.1:${port}, database 0 refuses connections`,
        hint: 'Check that the server is running',
      });
    });
  }

  it('has an unknown host name', async () => {
    expectFault(await cachectl(['get', 'a', '--url', 'redis://cache.invalid', '--timeout', '20s']), {
      code: 3,
      message: 'redis cache.invalid:6379, database 0 cannot be found: unknown host name',
    });
  });

  it('has no such socket', async () => {
    const folder = scratchFolder('faults');
    const config = path.join(folder, 'cachectl.yaml');
    writeFileSync(config, 'profiles:\n  shop: {driver: redis, socket: /no/such.sock}\n');
    expectFault(await cachectl(['get', 'a', '--config', config, '--profile', 'shop']), {
      code: 3,
      message: 'redis /no/such.sock, database 0 does not exist: no such socket',
    });
  });

  it('is reported as a document with --json', async () => {
    const { code, out, err } = await cachectl(['get', 'a', '--json', '--url', `redis://127.0.0.1:${await freePort()}`]);
    expect({ code, err }).to.deep.equal({ code: 3, err: '' });
    expect(JSON.parse(out)).to.have.property('error').that.includes({ code: 'unreachable' });
  });
});

describe('a server that accepts and never answers', () => {
  let silent: FaultProxy;

  before(async () => {
    silent = await startSilentServer();
  });

  after(async () => silent?.stop());

  for (const scheme of ['redis', 'redis+cluster', 'rediss']) {
    for (const command of [['get', 'a'], ['flush', '--yes'], ['events:tail'], ['lock:acquire', 'a', '--ttl', '9']]) {
      it(`${scheme}: ${command[0]} ends at --timeout`, async () => {
        const url = `${scheme}://:s3cret@127.0.0.1:${silent.port}`;
        const result = await cachectl([...command, '--url', url, '--timeout', '1s'], { env: { DEBUG: '*' } });
        expect(result.code).to.equal(3);
        expect(result.out).to.equal('');
        expect(result.err).to.match(
          /error: .*did not answer (?:the TLS handshake )?in time|error: .*did not report its slots/,
        );
        expect(result.err).not.to.include('s3cret');
      });
    }
  }
});

describe('a Redis server with a password', () => {
  const redis = withRedis('--requirepass', 's3cret');
  const url = (credentials: string): string => `redis://${credentials}127.0.0.1:${redis().port}`;

  for (const command of EVERY) {
    it(`gets a wrong one: ${command.slice(0, 2).join(' ')}`, async () => {
      const result = await cachectl([...command, '--url', url(':wr0ng@')]);
      expectFault(result, { code: 3, message: 'refused the user name or password', hint: 'Check username' });
    });
  }

  it('gets a wrong one for a database other than 0', async () => {
    for (const command of [['get', 'a'], ['keys'], ['doctor']]) {
      const { code, out, err } = await cachectl([...command, '--url', `${url(':wr0ng@')}/1`]);
      expect({ code, text: out + err }).to.have.property('code', 3);
      expect(out + err)
        .to.include('refused the user name or password')
        .and.not.to.include('has none');
    }
  });

  it('gets none', async () => {
    for (const command of [
      ['get', 'a'],
      // More than a client may send before it logs in.
      ['put', 'a', 'b'.repeat(20_000)],
      ['flush', '--yes'],
      ['events:tail', '--enable'],
    ]) {
      const result = await cachectl([...command, '--url', url('')]);
      expectFault(result, { code: 3, message: 'requires a password', hint: 'Set password in the profile' });
    }
  });

  it('shows no password with DEBUG=*', async () => {
    for (const credentials of [':wr0ng@', 'ann:wr0ng@', ':s3cret@']) {
      for (const args of [
        ['get', 'a'],
        ['get', 'a', '--json'],
        ['put', 'a', 'b'],
        ['lock:release', 'a'],
      ]) {
        const { out, err } = await cachectl([...args, '--url', url(credentials)], { env: { DEBUG: '*' } });
        expect(out + err).not.to.match(/wr0ng|s3cret/);
      }
    }
  });
});

describe('a Redis server without a password', () => {
  const redis = withRedis('--save', '');

  it('gets one, and works silently', async () => {
    const url = `redis://:s3cret@127.0.0.1:${redis().port}`;
    expect(await cachectl(['put', 'a', 'b', '--url', url])).to.include({ code: 0, out: '', err: '' });
    expect(await cachectl(['get', 'a', '--url', url])).to.include({ code: 0, out: 'b\n', err: '' });
  });
});

describe('a Redis user with few rights', () => {
  const redis = withRedis('--save', '');
  const url = (): string => `redis://bob:b0bspw@127.0.0.1:${redis().port}`;

  before(async () => {
    await redis().client.call('ACL', 'SETUSER', 'bob', 'on', '>b0bspw', '~*', '&*', '+@read', '+ping', '+select');
    await redis().client.set('a', 's:1:"x";');
  });

  it('can read', async () => {
    expect(await cachectl(['get', 'a', '--url', url()])).to.include({ code: 0, out: 'x\n', err: '' });
  });

  for (const command of [...WRITING, ['forget', 'a'], ['flush', '--yes'], ['flush', '--yes', '--all']]) {
    it(`may not ${command.join(' ').replace(ENTRIES, 'FILE')}`, async () => {
      const result = await cachectl([...command, '--url', url()]);
      expectFault(result, { code: 3, message: /this user.*permissions to run the/, hint: 'ACL SETUSER' });
      expect(await redis().client.get('a')).to.equal('s:1:"x";');
      expect(await redis().client.dbsize()).to.equal(1);
    });
  }

  it('cannot run a command under a lock that it could not renew', async () => {
    await redis().client.call('ACL', 'SETUSER', 'al', 'on', '>alspw', '~*', '&*', '+@all', '-expire');
    const as = ['--url', `redis://al:alspw@127.0.0.1:${redis().port}`];
    const result = await cachectl(['lock:run', 'deploy', '--ttl', '3', ...as, '--', 'echo', 'ran']);
    expectFault(result, {
      code: 3,
      message: 'the lock could not be renewed or released, so it was not acquired',
      hint: 'ACL SETUSER',
    });
    expect(await redis().client.exists('deploy')).to.equal(0);
  });

  it('tails notifications with the rights to read and subscribe only', async () => {
    await redis().client.call('ACL', 'SETUSER', 'bob', '+subscribe', '+config|get');
    await redis().client.config('SET', 'notify-keyspace-events', 'Eg$xem');
    expect(await cachectl(['events:tail', '--for', '1s', '--url', url()])).to.include({ code: 0, out: '', err: '' });
    await redis().client.config('SET', 'notify-keyspace-events', '');
    const result = await cachectl(['events:tail', '--enable', '--for', '1s', '--url', url()]);
    expectFault(result, { code: 3, message: /this user.*permissions/, hint: 'ACL SETUSER' });
    await redis().client.call('ACL', 'SETUSER', 'bob', '+@all', 'resetkeys', '~app-*');
    const unrecorded = await cachectl(['events:tail', '--enable', '--for', '1s', '--url', url()]);
    const hint = 'ACL SETUSER NAME ~cachectl:notify-keyspace-events';
    expectFault(unrecorded, { code: 3, message: /refuses this user the key cachectl:notify/, hint });
  });

  it('gets a warning, in a script too, that a tail may miss events if the setting is unreadable', async () => {
    await redis().client.call('ACL', 'SETUSER', 'bob', '+subscribe', '-config');
    const result = await cachectl(['events:tail', '--for', '1s', '--url', url()]);
    expect(result).to.include({ code: 0, out: '' });
    expect(result.err).to.match(/^cannot check whether keyspace notifications are on; .*\n$/);
  });
});

describe('a read-only Redis replica', () => {
  const primary = withRedis('--save', '');
  let replica: RedisServer;

  before(async function () {
    await primary().client.set('a', 's:1:"x";');
    await primary().client.zadd('tag:t:entries', -1, 'a');
    replica = await startRedis(this, '--replicaof', '127.0.0.1', String(primary().port));
    while (!(await replica.client.info('replication')).includes('master_link_status:up')) await replica.client.ping();
  });

  after(async () => replica?.stop());

  it('can be read', async () => {
    expect(await cachectl(['get', 'a', '--url', replica.url])).to.include({ code: 0, out: 'x\n' });
  });

  const others = [
    ['forget', 'a'],
    ['flush', '--yes'],
    ['flush', '--yes', '--all'],
    ['tags:flush', 't', '--yes'],
    ['lock:acquire', 'a', '--ttl', '60', '--wait', '10m'],
    ['events:tail', '--enable'],
  ];
  for (const command of [...WRITING, ...others]) {
    it(`refuses ${command.join(' ').replace(ENTRIES, 'FILE')}`, async () => {
      expectFault(await cachectl([...command, '--url', replica.url]), {
        code: 3,
        message: `redis 127.0.0.1:${replica.port}, database 0 is a read-only replica`,
        hint: 'Point the profile at its primary',
      });
      expect(await primary().client.dbsize()).to.equal(2);
    });
  }
});

describe('a full Redis server', () => {
  const redis = withRedis('--maxmemory-policy', 'noeviction');

  before(async () => {
    await redis().client.set('a', 's:1:"x";');
    await redis().client.config('SET', 'maxmemory', '1');
  });

  it('can be read and flushed', async () => {
    expect((await cachectl(['get', 'a', '--url', redis().url])).out).to.equal('x\n');
    expect((await cachectl(['forget', 'a', '--url', redis().url])).code).to.equal(0);
  });

  for (const command of WRITING) {
    it(`refuses ${command.join(' ').replace(ENTRIES, 'FILE')}`, async () => {
      expectFault(await cachectl([...command, '--url', redis().url]), {
        code: 3,
        message: 'is out of memory',
        hint: 'maxmemory-policy',
      });
      expect(await redis().client.exists('b')).to.equal(0);
    });
  }

  it('ends an import with the number of entries stored', async () => {
    const [, used] = /^used_memory:(\d+)/m.exec(await redis().client.info('memory'))!;
    await redis().client.config('SET', 'maxmemory', String(Number(used) + 4_000_000));
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"key":"k${index}","value":"${'x'.repeat(400)}"}\n`);
    const before = await redis().client.dbsize();
    const result = await cachectl(['import', '-', '--url', redis().url], { input: lines.join('') });
    expectFault(result, { code: 4, message: 'is out of memory', hint: 'maxmemory-policy' });
    expect(reportedCount('imported', result)).to.equal((await redis().client.dbsize()) - before);
  });
});

describe('a wrong Redis URL', () => {
  const redis = withRedis('--databases', '4');
  const cluster = withRedis('--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no');

  before(async () => {
    await redis().client.set('a', 's:1:"x";');
    await cluster().client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '100');
    await cluster().client.call('CLUSTER', 'MEET', '127.0.0.1', String(redis().port));
  });

  for (const command of EVERY) {
    it(`names a missing database: ${command.slice(0, 2).join(' ')}`, async () => {
      const url = `redis://127.0.0.1:${redis().port}/9`;
      const result = await cachectl([...command, '--url', url]);
      expectFault(result, { code: 3, message: 'database 9 does not exist', hint: 'Check the database number' });
      expect(await redis().client.get('a')).to.equal('s:1:"x";');
      expect(await redis().client.dbsize()).to.equal(1);
    });
  }

  it('uses TLS on a port without it', async () => {
    const url = `rediss://127.0.0.1:${redis().port}`;
    const result = await cachectl(['get', 'a', '--timeout', '1s', '--url', url]);
    expectFault(result, { code: 3, message: /TLS/, hint: 'speak' });
  });

  it('names one node of a cluster', async () => {
    const url = `redis://127.0.0.1:${cluster().port}`;
    for (const command of [['get', 'a', 'b'], ...WRITING]) {
      expectFault(await cachectl([...command, '--url', url]), { code: 3, message: 'is', hint: '' });
    }

    expect(await cluster().client.dbsize()).to.equal(0);
  });

  it('names a database of a cluster', async () => {
    const url = `redis://127.0.0.1:${cluster().port}/3`;
    expectFault(await cachectl(['get', 'a', '--url', url]), {
      code: 2,
      message: 'is a cluster, which has database 0 only',
    });
  });

  it('names a single server as a cluster', async () => {
    const result = await cachectl(['get', 'a', '--url', `redis+cluster://127.0.0.1:${redis().port}`]);
    expectFault(result, { code: 3, message: /cluster/ });
  });
});

describe('a Redis key of another type', () => {
  const redis = withRedis('--save', '');
  const run = async (...args: string[]) => cachectl([...args, '--url', redis().url]);

  beforeEach(async () => {
    await redis().client.flushall();
    await redis().client.lpush('list', '1', '2');
    await redis().client.set('a', 's:1:"x";');
  });

  for (const args of [
    ['get', 'list', '--raw'],
    ['lock:acquire', 'list', '--ttl', '60'],
    ['lock:release', 'list', '--owner', 'ann'],
    ['lock:release', 'list', '--force', '--yes'],
  ]) {
    it(args.join(' '), async () => {
      const result = await run(...args);
      expectFault(result, { code: 3, message: '"list" holds a Redis list, not a cache entry', hint: 'redis-cli' });
      expect(await redis().client.llen('list')).to.equal(2);
    });
  }

  it('is printed by get, member by member', async () => {
    for (const args of [[], ['--default', '1']]) {
      expect(await run('get', 'list', ...args)).to.include({ code: 0, out: '2\n1\n' });
    }

    expect(await run('get', 'a', 'list', 'a')).to.include({ code: 0, out: 'a\tx\nlist\t["2","1"]\na\tx\n' });
    const { code, out, err } = await run('get', 'a', 'list', 'none', '--json');
    expect({ code, err }).to.deep.equal({ code: 1, err: '' });
    const [a, list, none] = JSON.parse(out) as [object, object, object];
    expect(a).to.include({ key: 'a', hit: true, value: 'x' });
    expect(list).to.deep.equal({ key: 'list', hit: true, type: 'list', length: 2, elements: ['2', '1'], ttl: null });
    expect(none).to.include({ key: 'none', hit: false });
  });
});
