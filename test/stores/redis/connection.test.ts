import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import type { RedisConnection } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';
import type { RedisCluster } from '../../support/redis-cluster.js';

import { openCodec } from '../../../src/codecs/open.js';
import { ConfigError, RefusedError, UnreachableError } from '../../../src/errors.js';
import { openRedis } from '../../../src/stores/redis/store.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedis } from '../../support/redis-server.js';

describe('a connection to Redis', () => {
  const stores: Store[] = [];

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  async function open(connection: Partial<RedisConnection> & Pick<RedisConnection, 'nodes'>): Promise<Store> {
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false } as const;
    const place = { kind: 'server', database: 0, ...connection } as const;
    const store = await openRedis(
      { ...common, connectionPrefix: '', prefix: '', connection: place },
      openCodec('php'),
      {
        timeoutMs: 5000,
      },
    );
    stores.push(store);
    return store;
  }

  describe('that is lost', () => {
    let server: Server | undefined;

    afterEach(() => server?.close());

    async function serve(answer: (socket: Socket, request: string) => void): Promise<Store> {
      server = createServer((socket) => {
        socket.on('data', (request) => answer(socket, request.toString()));
        // The client hangs up, too.
        socket.on('error', () => socket.destroy());
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return open({ nodes: [{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }] });
    }

    it('between two answers is a connection error, not a refusal', async () => {
      const store = await serve((socket, request) => {
        if (request.includes('setname')) socket.write('+OK\r\n');
        else socket.end('$3\r\nabc\r\n');
      });
      const error = await failure(store.get('k'));
      expect(error).to.be.instanceOf(UnreachableError);
      expect((error as Error).message).to.contain('closed the connection');
    });

    it('before any answer is reported the same way', async () => {
      const store = await serve((socket) => socket.destroy());
      expect(await failure(store.get('k'))).to.be.instanceOf(UnreachableError);
    });
  });

  describe('to a cluster', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startRedisCluster(this, '--requirepass', 'secret', '--masterauth', 'secret');
    });

    after(async () => cluster?.stop());

    const nodes = () => cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));

    it('uses the password', async () => {
      expect(await (await open({ kind: 'cluster', nodes: nodes(), password: 'secret' })).get('k')).to.equal(undefined);
    });

    for (const [what, credentials] of [
      ['a wrong one', { password: 'wrong' }],
      ['none', {}],
    ] as const) {
      it(`reports a password error with ${what}`, async () => {
        const error = await failure((await open({ kind: 'cluster', nodes: nodes(), ...credentials })).get('k'));
        expect(error).to.be.instanceOf(RefusedError);
        expect((error as Error).message).to.contain('password');
      });
    }

    it('refuses any database but 0', async () => {
      const store = await open({ kind: 'cluster', nodes: nodes(), password: 'secret', database: 3 });
      expect(await failure(store.get('k'))).to.be.instanceOf(ConfigError);
    });
  });

  it('to a single server in place of a cluster reports that', async function () {
    const server = await startRedis(this);
    try {
      const error = await failure(
        (await open({ kind: 'cluster', nodes: [{ host: '127.0.0.1', port: server.port }] })).get('k'),
      );
      expect((error as Error).message).to.contain('is not a cluster');
    } finally {
      await server.stop();
    }
  });
});
