import { expect } from 'chai';

import { cachectl } from '../../support/cli.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

/** Memcached 1.6.43 and newer begin a dump with `OK`. Here, a proxy adds it for older servers. */
describe('a Memcached that begins a dump with OK', () => {
  let server: MemcachedServer;
  let proxy: Awaited<ReturnType<typeof startFaultProxy>>;

  before(async function () {
    server = await startMemcached(this, '-m', '64');
    proxy = await startFaultProxy(server.port, {
      filter() {
        let isDump = false;
        return {
          asked(chunk) {
            isDump = chunk.includes('lru_crawler metadump');
          },
          answered(chunk) {
            const isFirst = isDump && (chunk.indexOf('key=') === 0 || chunk.indexOf('END') === 0);
            isDump = false;
            return isFirst ? Buffer.concat([Buffer.from('OK\r\n'), chunk]) : chunk;
          },
        };
      },
    });
  });

  beforeEach(async () => server.flush());

  after(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  const run = async (...args: string[]) =>
    cachectl([...args, '--url', `memcached://127.0.0.1:${proxy.port}?prefix=app-`]);

  it('is listed, counted and flushed', async () => {
    await server.say('set app-a 0 0 1\r\nx');
    await server.say('set app-b 0 0 1\r\nx');
    await server.say('set other 0 0 1\r\nx');
    expect((await run('keys')).out.trim().split('\n').sort()).to.deep.equal(['a', 'b']);
    expect(await run('keys', '--count')).to.include({ code: 0, out: '2\n' });
    expect(await run('flush', '--yes')).to.include({ code: 0, out: 'removed 2 entries\n' });
    expect(await run('keys')).to.include({ code: 0, out: '' });
    expect(await server.say('get other', /END\r\n$/)).to.include('other');
  });

  it('is empty without an item', async () => {
    expect(await run('keys', '--count')).to.include({ out: '0\n' });
  });
});
