import { expect } from 'chai';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../../support/cli.js';
import { expectFault, withRedis } from '../../support/faults.js';
import { OldServer } from '../../support/mongodb/old-server.js';
import { freePort } from '../../support/redis-server.js';

/** One of each kind. */
const COMMANDS = [
  ['get', 'k'],
  ['put', 'k', 'v'],
  ['forget', 'k'],
  ['flush', '--yes'],
  ['tags:flush', 't', '--yes'],
  ['lock:acquire', 'l', '--ttl', '1m'],
  ['lock:release', 'l', '--owner', 'ann'],
  ['events:tail'],
] as const;

const PASSWORD = 'hunter2-secret';

/** The driver would retry until its timeout, which is longer than the test's. */
const AT_ONCE = ['--timeout', '10m'];

function url(port: number, parameters = ''): string {
  return `mongodb://shop:${PASSWORD}@127.0.0.1:${port}/app${parameters && `?${parameters}`}`;
}

describe('MongoDB that fails', () => {
  const redis = withRedis();
  let listener: Server | undefined;
  const sockets: Socket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    listener?.close();
    listener = undefined;
  });

  /** A port of another server. */
  async function listening(server: Server): Promise<number> {
    listener = server;
    server.on('connection', (socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('without a listener is reported at once, by every command', async () => {
    const port = await freePort();
    for (const command of COMMANDS) {
      expectFault(await cachectl([...command, ...AT_ONCE, '--url', url(port)]), {
        code: 3,
        message: new RegExp(`^mongodb 127\\.0\\.0\\.1:${port}, database app refuses connections$`),
        hint: 'Check that the server is running',
      });
    }
  });

  it('without a listening member is reported at once too', async () => {
    const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`;
    const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', `mongodb://${hosts}/app?replicaSet=rs0`]);
    expectFault(result, { code: 3, message: `mongodb ${hosts}, database app refuses connections` });
  });

  it('without an answer times out, with every command', async () => {
    const port = await listening(createServer());
    const runs = COMMANDS.map(async (command) => cachectl([...command, '--timeout', '1s', '--url', url(port)]));
    for (const result of await Promise.all(runs)) {
      expectFault(result, {
        code: 3,
        message: /did not answer in time$/,
        hint: 'Check the port and the TLS settings',
      });
    }
  });

  it('on a port of Redis times out, with a guess', async () => {
    const result = await cachectl(['get', 'k', '--timeout', '1s', '--url', url(redis().port)]);
    expectFault(result, { code: 3, message: /did not answer in time$/, hint: 'Check the port and the TLS settings' });
  });

  it('on a port of a web server is reported at once', async () => {
    const port = await listening(createHttpServer());
    const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', url(port)]);
    expectFault(result, {
      code: 3,
      message: /does not speak the MongoDB protocol$/,
      hint: 'Check the port and the TLS settings',
    });
  });

  it('on a port that hangs up is reported at once', async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', url(port)]);
    expectFault(result, { code: 3, message: /closed the connection$/, hint: 'Check the port and the TLS settings' });
  });

  it('with nonsense for an answer is reported', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.on('data', () => socket.write(Buffer.alloc(64, 0xff)));
      }),
    );
    const result = await cachectl(['get', 'k', '--timeout', '2s', '--url', url(port)]);
    expectFault(result, { code: 3, message: `mongodb 127.0.0.1:${port}, database app` });
  });

  it('of an old version is refused with the minimum version', async () => {
    const old = await OldServer.start();
    try {
      const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', `mongodb://127.0.0.1:${old.port}/app`]);
      expectFault(result, { code: 3, message: 'version that the driver does not support', hint: '4.4' });
    } finally {
      await old.stop();
    }
  });

  it('without the socket is reported at once, whatever its path', async () => {
    const socket = encodeURIComponent(path.join(tmpdir(), 'no-such-folder', 'TLS-certificate.sock'));
    const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', `mongodb://${socket}/app`]);
    expectFault(result, { code: 3, message: /does not exist: no such socket$/, hint: 'Check the path of the socket' });
  });

  it('without the host name is reported at once', async () => {
    const result = await cachectl(['get', 'k', ...AT_ONCE, '--url', `mongodb://shop:${PASSWORD}@db.invalid/app`]);
    expectFault(result, { code: 3, message: 'mongodb db.invalid, database app cannot be found: unknown host name' });
  });

  it('without DNS records for mongodb+srv is reported', async () => {
    const result = await cachectl(['get', 'k', '--url', `mongodb+srv://shop:${PASSWORD}@db.invalid/app`]);
    expectFault(result, { code: 3, message: 'cannot be resolved', hint: 'SRV' });
  });

  describe('with an invalid connection string', () => {
    for (const [what, parameters, message] of [
      ['knows an option that the driver does not', 'nosuch=1', 'option nosuch is not supported'],
      ['gives an option no possible value', 'tls=perhaps', 'tls/ssl must be either'],
      ['wants two things that exclude each other', 'loadBalanced=true&replicaSet=a', 'loadBalanced'],
      ['names a way to log in that there is not', 'authMechanism=MAGIC', 'authMechanism'],
      ['names a CA that is not there', 'tls=true&tlsCAFile=/no/such/ca.pem', '/no/such/ca.pem: no such file or folder'],
      ['names a key that is not there', 'tls=true&tlsCertificateKeyFile=/no/key.pem', '/no/key.pem: no such file'],
    ] as const) {
      it(`and ${what} is a configuration error`, async () => {
        const result = await cachectl(['get', 'k', '--url', url(1, parameters)]);
        expectFault(result, { code: 2, message });
      });
    }

    it('and an impossible port is a configuration error', async () => {
      const result = await cachectl(['get', 'k', '--url', `mongodb://shop:${PASSWORD}@127.0.0.1:99999/app`]);
      expectFault(result, { code: 2, message: 'cannot be used' });
    });
  });

  it('never shows the password, not even with DEBUG', async () => {
    const silent = await listening(createServer());
    for (const target of [
      url(await freePort()),
      url(silent),
      url(1, 'nosuch=1'),
      url(1, `authMechanismProperties=${PASSWORD}`),
      url(1, 'tls=true&tlsCAFile=/no/such/ca.pem'),
      `mongodb+srv://shop:${PASSWORD}@db.invalid/app`,
      `mongodb://shop:${PASSWORD}@127.0.0.1:99999/app`,
      `mongodb://shop:${PASSWORD}@/app`,
      `mongodb://shop:${PASSWORD}%zz@127.0.0.1/app`,
    ]) {
      for (const args of [['get', 'k'], ['get', 'k', '--json'], ['doctor']]) {
        const { code, out, err } = await cachectl([...args, '--timeout', '1s', '--url', target], {
          env: { DEBUG: '1' },
        });
        expect(code, err).to.be.oneOf([2, 3]);
        expect(out + err)
          .to.match(/mongodb|\bTLS file\b/)
          .and.not.include(PASSWORD);
      }
    }
  });
});
