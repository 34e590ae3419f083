import { expect } from 'chai';

import { cachectl } from '../../support/cli.js';
import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

/** As stored by a client of the binary protocol: the text protocol cannot name this key unencoded. */
const KEY = 'app-daily report\t1';

describe('keys with white space that another client put into Memcached', () => {
  let server: MemcachedServer;

  before(async function () {
    server = await startMemcached(this, '-m', '64');
  });

  beforeEach(async () => {
    await server.flush();
    const named = Buffer.from(KEY).toString('base64');
    expect(await server.say(`ms ${named} 5 b T300\r\nhello`)).to.equal('HD\r\n');
    await server.say('set app-other 0 0 1\r\nx');
  });

  after(async () => server?.stop());

  const run = async (...args: string[]) => cachectl([...args, '--url', `memcached://${server.address}?prefix=app-`]);
  const listed = async (): Promise<string[]> => (await run('keys')).out.trim().split('\n').sort();

  it('are listed in a form that get, inspect, touch and forget take', async () => {
    const [key, other] = await listed();
    expect(other).to.equal('other');
    expect(await run('get', key!)).to.include({ code: 0, out: 'hello\n' });
    expect(await run('get', 'daily none')).to.include({ code: 1 });
    expect((await run('inspect', key!)).out).to.include('hello');
    expect((await run('touch', key!, '--ttl', '10m')).code).to.equal(0);
    expect((await run('forget', key!)).code).to.equal(0);
    expect(await listed()).to.deep.equal(['other']);
  });

  it('are exported with value and TTL', async () => {
    const { code, out } = await run('export');
    const entries = out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { key: string; expires: number });
    const entry = entries.find(({ key }) => key === 'daily report\t1');
    expect({ code, entry }).to.have.nested.include({ code: 0, 'entry.value': 'hello' });
    expect(entry!.expires).to.be.above(Date.now() / 1000);
  });

  it('are flushed, by pattern too', async () => {
    expect((await run('flush', '--pattern', 'daily*', '--yes')).code).to.equal(0);
    expect(await listed()).to.deep.equal(['other']);
  });

  it('are not written, since php-memcached cannot read them', async () => {
    expect((await run('put', 'a b', 'x')).code).to.equal(2);
    expect((await run('lock:acquire', 'a b', '--ttl', '1m')).code).to.equal(2);
  });
});
