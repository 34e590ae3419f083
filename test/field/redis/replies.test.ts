import { expect } from 'chai';
import { networkInterfaces } from 'node:os';

import { string } from '../../../src/codecs/value.js';
import { cachectl } from '../../support/cli.js';
import { expectFault, withRedis } from '../../support/faults.js';
import { openOnCluster } from '../../support/redis-cluster.js';
import { startOneNodeCluster, without, withUser } from '../../support/redis-deployments.js';
import { type RedisServer, type ServerProgram, startServer } from '../../support/redis-server.js';

describe('replies of Redis in the field', () => {
  for (const program of ['redis-server', 'redis-server-8', 'valkey-server-9'] as const) servers(program);

  describe('a single endpoint in front of a cluster', () => {
    let node: RedisServer;

    before(async function () {
      // It does not reveal its slots, like a service that hides its cluster.
      node = await startOneNodeCluster(this);
      const store = await openOnCluster({ nodes: [node], async stop() {} });
      await store.putMany(['a', 'b', 'c'].map((key) => ({ key, value: string('v'), ttl: null })));
      await store.tags!(['people']).put('tagged', string('v'), null);
      await store.close();
    });

    after(async () => node?.stop());

    const at = async (): Promise<string> =>
      `${await withUser(node, 'app', '~*', '&*', '+@all', '-cluster', '-info')}?prefix=app-`;

    for (const [args, out] of [
      [['keys', '--long'], /c/],
      [['keys', '--tree'], /c/],
      [['export'], /"c"/],
      [['stats', '--sample', '10'], /4/],
      [['tags:prune', '--deep'], /^(?:\s*0|removed 0|nothing)/],
      [['flush', '--dry-run'], /4 entries/],
      [['flush', '--pattern', 'a', '--yes'], /1 entry/],
      [['flush', '--larger-than', '1', '--yes'], /3 entries/],
    ] as const) {
      it(`${args.join(' ')} works key by key`, async () => {
        const result = await cachectl([...args, '--url', await at()]);
        expect(result.code, result.err).to.equal(0);
        expect(result.out).to.match(out);
      });
    }

    it('flush empties it', async () => {
      for (const key of ['app-x', 'app-y', 'app-z']) await node.client.set(key, 's:1:"v";');
      const result = await cachectl(['flush', '--yes', '--url', await at()]);
      expect(result.code, result.err).to.equal(0);
      expect(await node.client.keys('app-*')).to.deep.equal([]);
    });
  });

  it('reports protected mode instead of a closed connection', async function () {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    // A machine without a network has no other address.
    if (address === undefined) return;
    const redis = await startServer(this, 'redis-server', ['--bind', '127.0.0.1', address]);
    try {
      for (const args of [['get', 'a'], ['keys'], ['stats']]) {
        const result = await cachectl([...args, '--url', `redis://${address}:${redis.port}`]);
        expectFault(result, { code: 3, message: 'is in protected mode', hint: 'requirepass' });
      }
    } finally {
      await redis.stop();
    }
  });

  describe('without room for another client', () => {
    const redis = withRedis('--maxclients', '1');

    it('says so', async () => {
      for (const args of [['get', 'a'], ['keys'], ['lock:acquire', 'a', '--ttl', '1m']]) {
        const result = await cachectl([...args, '--url', redis().url]);
        expectFault(result, { code: 3, message: 'has reached its client limit', hint: 'maxclients' });
      }
    });
  });
});

function servers(program: ServerProgram): void {
  describe(program, () => {
    let server: RedisServer;
    let complete: RedisServer;

    before(async function () {
      server = await startServer(this, program, without('MONITOR', 'GETDEL'));
      complete = await startServer(this, program);
    });

    after(async () => {
      await server?.stop();
      await complete?.stop();
    });

    for (const args of [
      ['top', '--enable', '--for', '1s'],
      ['events:tail', '--enable', '--source', 'monitor', '--for', '1s'],
    ]) {
      it(`${args.join(' ')} without MONITOR names it`, async () => {
        const result = await cachectl([...args, '--url', server.url]);
        expectFault(result, { code: 3, message: 'does not offer MONITOR', hint: '--source notifications' });
      });
    }

    it('lock:watch without MONITOR names it', async () => {
      const result = await cachectl(['lock:watch', 'deploy', '--for', '1s', '--url', server.url]);
      expectFault(result, { code: 3, message: 'does not offer MONITOR', hint: 'lock:show' });
      expect(result.err).not.to.include('ACL');
    });

    it('a key that contains TLS and SSL is no TLS failure', async () => {
      for (const key of ['certificate:tls', 'SSL', 'NOPERM', 'ECONNREFUSED']) {
        const put = await cachectl(['put', key, 'v', '--url', server.url]);
        expect(put.code, put.err).to.equal(0);
        const pulled = await cachectl(['pull', key, '--url', server.url]);
        expect(pulled.code, pulled.err).to.equal(0);
        expect(pulled.out).to.equal('v\n');
      }
    });

    it('a user whose name contains SSL gets a permission error', async () => {
      const url = await withUser(server, 'SSL-app', '~*', '+@read');
      const result = await cachectl(['put', 'a', 'v', '--url', url]);
      expectFault(result, { code: 3, message: /refused: .*permissions/, hint: 'ACL SETUSER' });
    });

    it('channels that are not granted are named', async () => {
      const url = await withUser(complete, 'deaf', '~*', '+@all', 'resetchannels');
      for (const source of ['notifications', 'monitor']) {
        const result = await cachectl(['events:tail', '--enable', '--source', source, '--for', '1s', '--url', url]);
        expectFault(result, { code: 3, message: /channel/, hint: '&' });
      }
    });
  });
}
