import { expect } from 'chai';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { deflateSync } from 'node:zlib';

import { Certificates } from '../support/certificates.js';
import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type FloodingServer, startFloodingServer } from '../support/flooding-server.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { measured } from '../support/peak-memory.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

/** In MiB. An ordinary `get` takes about 60. */
const LITTLE_MEMORY = 400;

describe('the limit for values', () => {
  describe('for input', () => {
    const folder = scratchFolder('value-limit');
    const url = `sqlite://${folder}/cache.sqlite`;
    const file = path.join(folder, 'two-megabytes');

    before(() => writeFileSync(file, 'a'.repeat(2_000_000)));

    it('can be lowered, and the error names the flag', async () => {
      const result = await cachectl(['put', 'k', '--file', file, '--max-value', '1MiB', '--url', url]);
      expectFault(result, { code: 2, message: 'the value is larger than 1 MiB', hint: '--max-value 4MiB' });
      expect((await cachectl(['get', 'k', '--url', url])).code).to.equal(1);
    });

    it('also holds when a value is read', async () => {
      expect((await cachectl(['put', 'k', '--file', file, '--url', url])).code).to.equal(0);
      const result = await cachectl(['get', 'k', '--max-value', '1MiB', '--url', url]);
      expectFault(result, { code: 3, message: '"k" cannot be read: it has 2.0 MB', hint: '--max-value 2MiB' });
      const enough = await cachectl(['get', 'k', '-n', '--max-value', '2MiB', '--url', url]);
      expect({ code: enough.code, length: enough.out.length }).to.deep.equal({ code: 0, length: 2_000_000 });
    });

    it('bounds a line of an import', async () => {
      const line = JSON.stringify({ key: 'k', value: 'a'.repeat(3_000_000) });
      const result = await cachectl(['import', '-', '--max-value', '1MiB', '--url', url], { input: line });
      expectFault(result, { code: 2, message: 'line 1: it is longer than 2 MiB', hint: '--max-value' });
    });

    for (const size of ['0', '2GiB', 'much']) {
      it(`cannot be ${size}`, async () => {
        expect((await cachectl(['get', 'k', '--max-value', size, '--url', url])).code).to.equal(2);
      });
    }
  });

  describe('for a Memcached value of 511 kB that zlib expands to 526 MB', () => {
    let server: MemcachedServer;

    before(async function () {
      server = await startMemcached(this);
      const size = 526_000_000;
      const head = Buffer.alloc(4);
      head.writeUInt32LE(size);
      const stored = Buffer.concat([head, deflateSync(Buffer.alloc(size, 'a'))]);
      const socket = connect(server.port, '127.0.0.1');
      // Compressed, by zlib.
      socket.write(`set bomb ${16 | 32} 0 ${stored.length}\r\n`);
      socket.write(Buffer.concat([stored, Buffer.from('\r\n')]));
      expect(String(await once(socket, 'data'))).to.equal('STORED\r\n');
      socket.destroy();
    });

    after(async () => server?.stop());

    for (const args of [
      ['get', 'bomb', '--json'],
      ['get', 'bomb'],
      ['inspect', 'bomb'],
    ]) {
      it(`${args.join(' ')} fails in little memory`, async () => {
        const { code, out, err, peak } = await measured([...args, '--url', `memcached://${server.address}`]);
        expect(code, out + err).to.be.oneOf([0, 3, 4]);
        expect(out + err).to.include('more than the limit of 128 MiB');
        expect(peak).to.be.below(LITTLE_MEMORY);
      });
    }
  });

  describe('for 20 Redis values of 100 MB in LZF', () => {
    let redis: RedisServer;

    before(async function () {
      redis = await startRedis(this);
      const bomb = lzfOf(100_000_000);
      for (let index = 0; index < 20; index++) await redis.client.set(`bomb${index}`, bomb);
    });

    after(async () => redis?.stop());

    it('doctor decompresses none of them whole', async () => {
      const { out, peak } = await measured(['doctor', '--url', `${redis.url}?compression=lzf`]);
      expect(out).to.include('20 large entries were not decoded');
      expect(peak).to.be.below(LITTLE_MEMORY);
    });

    it('get of a larger one names the flag', async () => {
      await redis.client.set('larger', lzfOf(200_000_000));
      const result = await measured(['get', 'larger', '--json', '--url', `${redis.url}?compression=lzf`]);
      expect(result.code).to.equal(3);
      expect(result.out)
        .to.include('LZF data decompresses to more than the limit of 128 MiB')
        .and.include('--max-value');
      expect(result.peak).to.be.below(LITTLE_MEMORY);
    });
  });

  describe('for a server that promises 2 GB, and sends it', () => {
    const PROMISES: ReadonlyArray<readonly [name: string, url: string, answer: () => Promise<FloodingServer>]> = [
      ['a Redis string', 'redis', async () => flooding('$2147483647\r\n')],
      ['a Redis list', 'redis', async () => flooding(`*2147483647\r\n$3\r\n`)],
      ['a Redis status without an end', 'redis', async () => flooding('+')],
      ['nested Redis lists', 'redis', async () => flooding('*4000000\r\n'.repeat(20))],
      ['a Memcached value', 'memcached', async () => flooding('VA 1073741824 f0\r\n')],
      ['a MySQL packet', 'mysql', async () => flooding('', { greets: true, filler: 0xff })],
      ['a PostgreSQL row', 'postgres', async () => startFloodingServer(postgres())],
    ];

    it('TLS hides nothing from the limit', async function () {
      const certificates = new Certificates(this);
      const files = certificates.selfSigned('flooding', '127.0.0.1');
      const servers = {
        postgres: await startFloodingServer(postgres(), { tls: { ...files, offer: Buffer.from('S') } }),
        mysql: await startFloodingServer(atOnce, { filler: 0xff, tls: { ...files, greeting: GREETING } }),
      };
      for (const [scheme, server] of Object.entries(servers)) {
        const url = `${scheme}://127.0.0.1:${server.port}/cache?tls=true&ca=${files.cert}`;
        const result = await cachectl(['get', 'k', '--max-value', '1MiB', '--url', url, '--timeout', '20s']);
        await server.stop();
        expectFault(result, { code: 3, message: 'sent a reply larger than the limit of 1 MiB', hint: '--max-value' });
      }

      certificates.remove();
    });

    for (const [name, scheme, begin] of PROMISES) {
      it(`${name} is refused in little memory`, async () => {
        const server = await begin();
        const database = scheme === 'mysql' || scheme === 'postgres' ? '/cache' : '';
        const url = `${scheme}://127.0.0.1:${server.port}${database}`;
        const { code, err, peak } = await measured(['get', 'k', '--url', url, '--timeout', '20s']);
        await server.stop();
        expect(code).to.equal(3);
        expect(err)
          .to.match(/^error: .*(?:larger than the limit of 128 MiB|does not speak)/)
          .and.have.lengthOf.below(400);
        expect(peak).to.be.below(scheme === 'mysql' || scheme === 'postgres' ? 2 * LITTLE_MEMORY : LITTLE_MEMORY);
      });
    }
  });
});

/** A run of `a` in liblzf's format. */
function lzfOf(size: number): Buffer {
  const literal = Buffer.from([0, 0x61]);
  const longest = 264;
  const matches = Math.floor((size - 1) / longest);
  return Buffer.concat([literal, Buffer.alloc(3 * matches, Buffer.from([0xe0, 255, 0]))]);
}

/** Sends `promise` for the first request that asks for data, then endless bytes. */
async function flooding(
  promise: Buffer | string,
  options?: { readonly greets: boolean; readonly filler: number },
): Promise<FloodingServer> {
  return startFloodingServer((asked, socket) => {
    if (/^(?:\*\d+\r\n\$\d+\r\n)?(?:AUTH|CLIENT|HELLO|SELECT|version)/i.test(asked.toString('latin1')))
      return '+OK\r\n';
    socket.write(promise);
  }, options);
}

/** Floods after the first chunk. */
function atOnce(): undefined {}

/** Accepts the login, and answers the first statement with a row that does not end. */
/** MySQL's greeting (protocol 10): version 8.0.35, TLS, mysql_native_password. */
const GREETING = Buffer.from(
  '4a0000000a382e302e3335000800000042455f5e3d2d4a1c00ffffff0200ffdf15000000000000000000006162636465666768696a6b6c006d7973716c5f6e61746976655f70617373776f726400',
  'hex',
);

function postgres() {
  let requests = 0;
  return (asked: Buffer): Buffer | undefined => {
    requests++;
    if (requests > 1) return undefined;
    expect(asked.length).to.be.above(0);
    // AuthenticationOk, ReadyForQuery, and the start of a DataRow.
    const messages = ['520000000800000000', '5a0000000549', '447fffffff0001'];
    return Buffer.from(messages.join(''), 'hex');
  };
}
