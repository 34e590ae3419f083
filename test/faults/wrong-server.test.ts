import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';

const PRODUCTS = {
  redis: 'Redis',
  'redis+cluster': 'Redis',
  memcached: 'Memcached',
  mongodb: 'MongoDB',
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
} as const;

type Driver = keyof typeof PRODUCTS;

/** MySQL's greeting (protocol 10), to where its text ends. */
const GREETING = Buffer.from('4a0000000a382e302e3335000800000042455f5e3d2d4a1c00ffffff0200ffdf15', 'hex');

/**
 * Other servers that may listen at a port, and the drivers that cannot detect them: they wait for a greeting, or get an
 * answer.
 */
const SERVERS: Readonly<
  Record<string, { readonly serve: (socket: Socket) => void; readonly except: readonly Driver[] }>
> = {
  'a web server': {
    serve: (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n')),
    except: ['mysql'],
  },
  'an SSH server': { serve: (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), except: [] },
  'a Redis': {
    serve: (socket) => socket.on('data', () => socket.write("-ERR unknown command 'x'\r\n")),
    except: ['mysql', 'redis', 'redis+cluster'],
  },
  'a Memcached': {
    serve: (socket) => socket.on('data', () => socket.write('ERROR\r\n')),
    // It is a valid answer to every command of Memcached, and PostgreSQL's error of an old server.
    except: ['memcached', 'mysql', 'postgres'],
  },
  'a MySQL': { serve: (socket) => socket.write(GREETING), except: ['memcached', 'mongodb', 'mysql'] },
  zeros: {
    serve: (socket) => socket.on('data', () => socket.write(Buffer.alloc(64))),
    except: ['memcached', 'mysql'],
  },
};

describe('a server of another product', () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.close();
  });

  for (const [what, { serve, except }] of Object.entries(SERVERS)) {
    for (const [driver, product] of Object.entries(PRODUCTS)) {
      const isSeen = !except.includes(driver as Driver);
      it(`${driver} in front of ${what}: ${isSeen ? 'names the protocol' : 'fails in time'}`, async () => {
        server = createServer((socket) => {
          socket.on('error', () => socket.destroy());
          serve(socket);
        }).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const address = `${driver}://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const url = /^m[oy]|^p/.test(driver) ? `${address}/cache` : address;
        const result = await cachectl(['get', 'a', '--url', url, '--timeout', isSeen ? '20s' : '1s']);
        expect(result.err).not.to.match(/bug in cachectl|report this/i);
        expectFault(result, { code: 3, message: isSeen ? `does not speak the ${product} protocol` : '' });
      });
    }
  }
});
