import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { type MongodbServer, startMongodb } from '../../support/mongodb-server.js';
import { scratchFolder } from '../../support/scratch.js';

/** The pause between two bytes of a slow answer, in milliseconds: shorter than any timeout for silence. */
const DRIP_MS = 100;

describe('a MongoDB cursor that answers slowly', function () {
  this.timeout(120_000);
  let mongodb: MongodbServer;
  let proxy: Server;
  const drips = new Set<NodeJS.Timeout>();

  before(async function () {
    mongodb = await startMongodb(this, 'java');
    const database = mongodb.client.db('cachectl-test');

    const entry = { value: 'i:1;', expires_at: new Date('2100-01-01'), tags: ['t'] };
    await database.collection<{ _id: string }>('cache').insertOne({ _id: 'k', ...entry });
    proxy = createServer((client) => dripping(client, Number(new URL(mongodb.url).port), drips)).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });

  after(async () => {
    for (const drip of drips) clearInterval(drip);
    proxy?.close();
    await mongodb?.stop();
  });

  for (const command of [
    ['keys'],
    ['keys', '--long'],
    ['export'],
    ['flush', '--pattern', '*', '--yes'],
    ['tags:list'],
    ['tags:show', 't'],
    ['lock:list'],
    ['stats', '--sample'],
  ]) {
    it(`ends in time: ${command.join(' ')}`, async () => {
      const { port } = proxy.address() as AddressInfo;
      const url = `mongodb://127.0.0.1:${port}/cachectl-test`;
      const { err, ...result } = await cachectl([...command, '--timeout', '1s', '--url', url]);
      expect(err).to.include('did not answer in time');
      expectFault({ ...result, err, out: '', outBytes: Buffer.alloc(0) }, { code: result.code!, message: 'in time' });
      expect(result.code).to.be.oneOf([3, 4]);
    });
  }
});

describe('a port that does not speak MongoDB', function () {
  this.timeout(60_000);
  let mongodb: MongodbServer;
  const servers: Server[] = [];

  before(async function () {
    mongodb = await startMongodb(this, 'java');
  });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  after(async () => mongodb?.stop());

  async function listen(onClient: (client: Socket) => void, socket?: string): Promise<number> {
    const server = createServer((client) => {
      client.on('error', () => client.destroy());
      onClient(client);
    }).listen(socket === undefined ? { port: 0, host: '127.0.0.1' } : { path: socket });
    servers.push(server);
    await once(server, 'listening');
    return socket === undefined ? (server.address() as AddressInfo).port : 0;
  }

  for (const [what, bytes] of [
    ['zero bytes', Buffer.alloc(64)],
    ['text', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a length below zero', Buffer.alloc(16, 0xff)],
  ] as const) {
    for (const host of ['127.0.0.1', 'localhost']) {
      it(`answers with ${what} at ${host}: fails at once`, async () => {
        const port = await listen((client) => client.on('data', () => client.write(bytes)));
        // Longer than the test may take, so it does not wait for a timeout.
        const result = await cachectl([
          'get',
          'k',
          '--timeout',
          '10m',
          '--url',
          `mongodb://${host}:${port}/cachectl-test`,
        ]);
        expectFault(result, {
          code: 3,
          message: 'does not speak the MongoDB protocol',
          hint: 'Check the port and the TLS settings',
        });
      });
    }
  }

  it('answers with zero bytes on a Unix socket: fails at once', async () => {
    const socket = `${scratchFolder('mongodb-answers')}/mongodb-1.sock`;
    await listen((client) => client.on('data', () => client.write(Buffer.alloc(64))), socket);
    const url = `mongodb://${encodeURIComponent(socket)}/cachectl-test`;
    expectFault(await cachectl(['get', 'k', '--timeout', '10m', '--url', url]), {
      code: 3,
      message: 'does not speak the MongoDB protocol',
    });
  });

  it('answers a request with zero bytes after a correct hello: fails in time', async () => {
    const port = await listen((client) => {
      const server = connect(Number(new URL(mongodb.url).port), '127.0.0.1');
      let isAsked = false;
      client.on('data', (chunk) => {
        isAsked ||= chunk.includes('find\0');
        server.write(chunk);
      });
      client.on('close', () => server.destroy());
      server.on('error', () => server.destroy());
      server.on('data', (chunk) => client.write(isAsked ? Buffer.alloc(chunk.length) : chunk));
    });
    const url = `mongodb://127.0.0.1:${port}/cachectl-test`;
    expectFault(await cachectl(['get', 'k', '--timeout', '10m', '--url', url]), {
      code: 3,
      message: 'does not speak the MongoDB protocol',
    });
  });
});

/** Answers to requests for a cursor arrive byte by byte. */
function dripping(client: Socket, port: number, drips: Set<NodeJS.Timeout>): void {
  const server = connect(port, '127.0.0.1');
  let isDripping = false;
  client.on('data', (chunk) => {
    isDripping ||= ['find\0', 'aggregate\0'].some((name) => chunk.includes(name));
    server.write(chunk);
  });
  server.on('data', (chunk) => {
    if (isDripping) {
      let sent = 0;
      const drip = setInterval(() => {
        if (sent < chunk.length) client.write(chunk.subarray(sent, ++sent));
      }, DRIP_MS);
      drips.add(drip);
      client.on('close', () => clearInterval(drip));
    } else {
      client.write(chunk);
    }
  });
  for (const socket of [client, server]) {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      client.destroy();
      server.destroy();
    });
  }
}
