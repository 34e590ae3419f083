import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { freePort } from '../support/redis-server.js';

/** Answers each line with what `answerTo` gives for it. */
async function memcachedThat(answerTo: (line: string) => string) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) socket.write(answerTo(line.trim()));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `memcached://127.0.0.1:${(server.address() as AddressInfo).port}?prefix=shop-cache-`,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('Memcached, as it answers', () => {
  it('a watch with immediate output sends it together with its OK', async () => {
    const answers: Readonly<Record<string, string>> = {
      version: 'VERSION 1.6.18\r\n',
      mn: 'MN\r\n',
      stats: 'STAT log_worker_dropped 0\r\nEND\r\n',
      'watch fetchers mutations evictions':
        'OK\r\nts=1795437380.981034 gid=1 type=item_store key=shop-cache-a status=stored cmd=set ttl=0 clsid=1 cfd=26 size=3\n',
    };
    const server = await memcachedThat((line) => answers[line] ?? 'ERROR\r\n');
    const { code, out, err } = await cachectl(['events:tail', '--limit', '1', '--url', server.url]);
    await server.close();
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.match(/^2026-\S+\tKeyWritten\ta\t/);
  });
});

describe('Memcached servers, one of which is down', () => {
  let server: MemcachedServer;
  let url = '';

  before(async function () {
    server = await startMemcached(this);
    url = `memcached://${server.address},127.0.0.1:${await freePort()}?prefix=shop-cache-`;
  });

  after(async () => server?.stop());

  for (const args of [['keys'], ['keys', '--long'], ['lock:list']]) {
    it(`${args.join(' ')} --json prints one document that ends with the error`, async () => {
      const owner = 'cachectl:ann@web1:1:01a211e6ba8b8e36ff6ac5a560cff769';
      await server.say(`set shop-cache-a 0 60 ${owner.length}\r\n${owner}`);
      const { code, out, err } = await cachectl([...args, '--json', '--url', url]);
      expect({ code, err }).to.deep.equal({ code: 3, err: '' });
      const [first, last, ...more] = JSON.parse(out) as Array<{
        key?: string;
        name?: string;
        error?: { code: string };
      }>;
      expect(first!.key ?? first!.name).to.equal('a');
      expect(last).to.have.nested.property('error.code', 'unreachable');
      expect(more).to.be.empty;
    });
  }
});

describe('Memcached with SASL, where keys cannot be listed', () => {
  // It gets no request.
  const url = 'memcached://ann:secret@127.0.0.1:1?prefix=shop-cache-';

  for (const flags of [[], ['--yes'], ['--dry-run'], ['--locks', '--yes']]) {
    it(`flush ${flags.join(' ')} is refused before any warning or question`, async () => {
      const result = await cachectl(['flush', ...flags, '--url', url]);
      expectFault(result, {
        code: 2,
        message: 'the memcached store cannot flush by prefix behind SASL',
        hint: 'flush --all',
      });
      expect(result.err).to.match(/^error: /);
    });
  }
});
