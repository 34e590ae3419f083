import { expect } from 'chai';

import { cachectl } from '../support/cli.js';
import { type PhpCache, type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const CREATED = 'illuminate:cache:flexible:created:rates';
const LOCK = 'illuminate:cache:flexible:lock:rates';

describe('remember, beside a Laravel application on Redis', () => {
  let php: PhpPeer;
  let server: RedisServer;
  let theirs: PhpCache;

  before(async function () {
    php = startPhpPeer(this, 'redis', 'Illuminate/Redis');
    server = await startRedis(this);
    theirs = php.cache({ store: 'redis', port: server.port, prefix: 'shop-cache' });
  });

  afterEach(async () => server.flush());

  after(async () => {
    await server?.stop();
    await php?.stop();
  });

  const remember = async (...args: string[]) =>
    cachectl(['remember', 'rates', '--url', `${server.url}?prefix=shop-cache:`, ...args]);

  it('stores what PHP reads: an array or the output alone, and its creation time', async () => {
    await remember('--ttl', '10m', '--', 'printf', '1\n');
    const packed = 'a:2:{s:6:"stdout";s:2:"1\n";s:8:"exitCode";i:0;}';
    expect((await theirs.get('rates')).toString()).to.equal(packed);
    const before = Math.floor(Date.now() / 1000);
    await remember('--ttl', '10m', '--stale', '1h', '--value-only', '--', 'echo', 'fresh');
    expect((await theirs.get('rates')).toString()).to.equal('s:6:"fresh\n";');
    const created = (await theirs.get(CREATED)).toString();
    expect(Number(/\d{10,}/.exec(created)![0])).to.be.within(before, Math.floor(Date.now() / 1000));
  });

  it("serves PHP's fresh output, and leaves the refresh to the lock's holder", async () => {
    const made = Math.floor(Date.now() / 1000) - 60;
    await theirs.putMany(
      [
        ['rates', Buffer.from('s:4:"PHPs";')],
        [CREATED, Buffer.from(`i:${made};`)],
      ],
      3600,
    );
    const flags = ['--stale', '1h', '--value-only', '--json', '--', 'echo', 'ours'];
    expect((await remember('--ttl', '2m', ...flags)).out).to.include('"stale":false,"stdout":"PHPs"');
    const { owner } = await theirs.acquire(LOCK, 0);
    expect((await remember('--ttl', '30s', ...flags)).out).to.include('"stale":true,"stdout":"PHPs"');
    // No process was started: it would have had to acquire the lock, which is still theirs.
    expect(await theirs.owner(LOCK)).to.equal(owner);
    await theirs.forget('rates');
    // A waiter for the command in the foreground does not wait for a refresh, which may have died.
    expect((await remember('--ttl', '30s', ...flags)).out).to.include(
      String.raw`"hit":false,"stored":true,"stdout":"ours\n"`,
    );
  });
});
