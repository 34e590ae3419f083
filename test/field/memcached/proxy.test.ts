import { expect } from 'chai';

import { cachectl } from '../../support/cli.js';
import { type Deployment, PhpMemcached, startPool, startTwemproxy } from '../../support/memcached-deployments.js';
import { type MemcachedServer } from '../../support/memcached-server.js';

describe('Memcached behind twemproxy', () => {
  let php: PhpMemcached;
  let servers: readonly MemcachedServer[];
  let proxy: Deployment;
  let url: string;

  before(async function () {
    php = new PhpMemcached(this);
    servers = await startPool(this, 2);
    proxy = await startTwemproxy(this, servers);
    url = `${proxy.url}?protocol=classic&prefix=o-`;
  });

  beforeEach(async () => {
    await Promise.all(servers.map((server) => server.flush()));
  });

  after(async () => {
    await proxy?.stop();
    await Promise.all((servers ?? []).map((server) => server.stop()));
  });

  async function done(args: readonly string[], rest: readonly string[] = []): Promise<string> {
    const { code, out, err } = await cachectl([...args, '--url', url, ...rest]);
    expect({ code, err }, args.join(' ')).to.deep.equal({ code: 0, err: '' });
    return out;
  }

  it("reads, writes, counts and forgets the application's entries", async () => {
    await done(['put', 'k', 'v', '--ttl', '1m']);
    await done(['put', 'n', '5', '--as', 'json']);
    const port = Number(proxy.url.split(':').at(-1));
    const code = `echo $m->get('o-k'), ' ', $m->increment('o-n', 3), ' ', $m->set('o-theirs', [1, 'x']) ? 'set' : 'no';`;
    expect(php.run([['127.0.0.1', port, 1]], {}, code)).to.equal('v 8 set');
    expect((await done(['get', 'theirs'])).trim()).to.equal('[1, "x"]');
    expect(await done(['increment', 'n'])).to.equal('9\n');
    expect(await done(['decrement', 'n', '--by', '20'])).to.equal('0\n');
    const many = Array.from({ length: 50 }, (_, index) => `many:${index}`);
    const lines = many.map((key) => `${JSON.stringify({ key, value: key, expires: null })}\n`).join('');
    expect((await cachectl(['import', '-', '--yes', '--url', url], { input: lines })).code).to.equal(0);
    const read = JSON.parse(await done(['get', '--json', ...many])) as Array<{ value: string }>;
    expect(read.map(({ value }) => value)).to.deep.equal(many);
    expect(await done(['pull', 'k'])).to.equal('v\n');
    expect((await cachectl(['get', 'k', '--url', url])).code).to.equal(1);
    expect((await cachectl(['add', 'n', '1', '--url', url])).code).to.equal(1);
    await done(['touch', 'n', '--ttl', '1m']);
    await done(['forget', ...many]);
    expect((await cachectl(['get', 'many:7', '--url', url])).code).to.equal(1);
  });

  it('flushes tags, and its locks exclude the application', async () => {
    await done(['put', 'k', 'v', '--tags', 'people']);
    expect(await done(['get', 'k', '--tags', 'people'])).to.equal('v\n');
    await done(['tags:flush', 'people', '--yes']);
    expect((await cachectl(['get', 'k', '--tags', 'people', '--url', url])).code).to.equal(1);
    const owner = (await done(['lock:acquire', 'l', '--ttl', '1m'])).trim();
    const port = Number(proxy.url.split(':').at(-1));
    expect(php.run([['127.0.0.1', port, 1]], {}, `echo $m->add('o-l', 'x', 60) ? 'taken' : 'held';`)).to.equal('held');
    expect((await cachectl(['lock:release', 'l', '--owner', 'other', '--url', url])).code).to.equal(1);
    await done(['lock:refresh', 'l', '--owner', owner, '--ttl', '2m']);
    await done(['lock:release', 'l', '--owner', owner]);
    expect(php.run([['127.0.0.1', port, 1]], {}, `echo $m->add('o-l', 'x', 60) ? 'taken' : 'held';`)).to.equal('taken');
    expect((await cachectl(['lock:acquire', 'l', '--ttl', '1m', '--url', url])).code).to.equal(1);
  });

  it('runs doctor, which says what the proxy hides', async () => {
    const { code, out } = await cachectl(['doctor', '--url', url]);
    expect(code, out).to.equal(0);
    expect(out).to.match(/^skipped\tserver\t.*protocol: classic/m);
    expect(out).to.match(/^ok\tlocks\t/m);
  });

  it('refuses in one clear line what the proxy does not support', async () => {
    for (const args of [
      ['keys'],
      ['flush', '--yes'],
      ['flush', '--all', '--yes'],
      ['export'],
      ['lock:list'],
      ['tags:list'],
      ['events:tail'],
      ['top'],
      ['stats'],
      ['keys', '--count'],
    ]) {
      const { code, out, err } = await cachectl([...args, '--url', url]);
      expect({ code, out }, args.join(' ')).to.deep.equal({ code: 2, out: '' });
      expect(err, args.join(' ')).to.match(/^error: .*(?:cannot|does not|has no).*\n {2}\S/m);
    }
  });

  it('is named if the profile does not mention it', async () => {
    for (const args of [
      ['get', 'k'],
      ['put', 'k', 'v'],
      ['increment', 'n'],
      ['lock:acquire', 'l', '--ttl', '1m'],
      ['keys'],
      ['stats'],
      ['flush', '--yes'],
    ]) {
      const { code, out, err } = await cachectl([...args, '--url', proxy.url]);
      expect({ code, out }, args.join(' ')).to.deep.equal({ code: 3, out: '' });
      expect(err, args.join(' ')).to.match(
        /does not support meta commands: .*twemproxy or mcrouter\n {2}Set protocol: classic/,
      );
      expect(err, args.join(' ')).not.to.include('maintenance mode');
    }

    const { code, out } = await cachectl(['doctor', '--url', proxy.url]);
    expect(code).to.equal(3);
    expect(out).to.match(/^fault\tlogin\t.*does not support meta commands/m);
    const { err } = await cachectl(['get', 'k', '--url', proxy.url.replace('//', '//app:secret@')]);
    expect(err).to.match(/does not speak the binary protocol, which SASL requires\n.*protocol: classic/);
  });
});
