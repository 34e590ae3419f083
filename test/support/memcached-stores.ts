import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';

import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMemcached } from '../../src/stores/memcached/store.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from './memcached-server.js';

/** A client without cachectl. */
export interface MemcachedClient {
  readonly address: string;
  /** Returns the answer without its last line end. */
  say(command: string): Promise<string>;
  end(): Promise<void>;
}

/** Servers of the enclosing tests, empty before each, with stores and clients that are closed after it. */
export class MemcachedStores {
  readonly servers: MemcachedServer[] = [];
  readonly #stores: Store[] = [];
  readonly #sockets: Socket[] = [];

  /** @param size the number of servers */
  constructor(size: number) {
    const { servers } = this;
    before(async function () {
      // With an option, so that each is a server of its own.
      while (servers.length < size) servers.push(await startMemcached(this, '-m', '64'));
    });
    afterEach(async () => {
      for (const socket of this.#sockets.splice(0)) socket.destroy();
      await Promise.all(this.#stores.splice(0).map((store) => store.close()));
      await Promise.all(servers.map((server) => server.flush()));
    });
    after(async () => Promise.all(servers.map((server) => server.stop())));
  }

  open(prefix: string, among: readonly MemcachedServer[] = this.servers): Store {
    const ports = among.map(({ port }) => port);
    const store = openMemcached(memcachedProfile(ports, prefix), openCodec('php'), { timeoutMs: 10_000 });
    this.#stores.push(store);
    return store;
  }

  /** A client of the first server, or of another one. */
  async client({ port } = this.servers[0]!): Promise<MemcachedClient> {
    const socket = connect(port, '127.0.0.1');
    this.#sockets.push(socket);
    await once(socket, 'connect');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    return {
      address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
      async say(command) {
        answer = '';
        socket.write(`${command}\r\n`);
        while (!LAST_LINE.test(answer)) await once(socket, 'data');
        return answer.trimEnd();
      },
      async end() {
        const closed = once(socket, 'close');
        socket.end('quit\r\n');
        await closed;
      },
    };
  }
}

const LAST_LINE = /(?:^|\n)(?:[A-Z_]*STORED|DELETED|END|EN|ERROR|EXISTS|HD.*|NF|NOT_FOUND|OK|TOUCHED|\d+)\r\n$/;
