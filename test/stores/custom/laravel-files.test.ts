import { expect } from 'chai';
import path from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';
import type { PhpCache, PhpPeer } from '../../support/php-peer.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, list, string } from '../../../src/codecs/value.js';
import { openCustom } from '../../../src/stores/custom/open.js';
import { withOutside } from '../../support/outside.js';
import { startPhpPeer } from '../../support/php-peer.js';

const codec = openCodec('php');

describe('the example driver and Laravel on one folder', () => {
  const project = withOutside();
  let peer: PhpPeer;
  let laravel: PhpCache;
  let store: Store;

  before(async function () {
    peer = startPhpPeer(this, 'Illuminate/Filesystem');
    const folder = path.join(project().folder, 'data');
    laravel = peer.cache({ store: 'file', path: folder });
    store = await openCustom(
      {
        driver: 'custom',
        name: 'test',
        prefix: '',
        codec: 'php',
        protected: false,
        module: './driver.mjs',
        moduleUrl: project().urlOf('driver.mjs'),
        // The PHP peer has a Laravel before 12.36.
        options: { folder, lockPrefix: '' },
      },
      codec,
      { timeoutMs: 5000 },
    );
  });

  after(async () => {
    await store?.close();
    await peer?.stop();
  });

  for (const [what, value] of [
    ['a string', string('žluť\0')],
    ['an integer', integer(-42)],
    ['a list', list([string('a'), integer(1)])],
  ] as const) {
    it(`exchange ${what}`, async () => {
      await store.put('ours', value, 60);
      expect((await laravel.get('ours')).toString()).to.equal(codec.encode(value).toString());
      await laravel.put('theirs', codec.encode(value), 60);
      const entry = await store.get('theirs');
      expect(entry?.decode()).to.deep.equal(value);
      expect(entry?.ttl).to.be.within(55, 60);
    });
  }

  it('agree on entries that never expire', async () => {
    await laravel.put('theirs', codec.encode(string('v')), null);
    expect((await store.get('theirs'))?.ttl).to.be.null;
  });

  it('add what the other does not have', async () => {
    expect(await laravel.add('first', codec.encode(integer(1)), 60)).to.be.true;
    expect(await store.add('first', integer(2), 60)).to.be.false;
    expect(await store.add('second', integer(2), 60)).to.be.true;
    expect(await laravel.add('second', codec.encode(integer(1)), 60)).to.be.false;
  });

  it('count one counter', async () => {
    await store.put('hits', integer(40), 60);
    expect(await laravel.increment('hits')).to.equal(41);
    expect(await store.increment('hits', 1n)).to.equal(42n);
    expect((await store.get('hits'))?.ttl).to.be.within(50, 60);
  });

  it('exclude each other from a lock, and release only their own', async () => {
    const lock = store.lock('deploy');
    const { owner } = await laravel.acquire('deploy', 60);
    expect(await lock.acquire('ours', 60)).to.be.false;
    expect((await lock.holder())?.owner).to.equal(owner);
    expect(await lock.release('ours')).to.be.false;
    expect(await laravel.release('deploy', owner)).to.be.true;

    expect(await lock.acquire('ours', 60)).to.be.true;
    expect((await laravel.acquire('deploy', 60)).acquired).to.be.false;
    expect(await laravel.release('deploy', owner)).to.be.false;
    expect(await laravel.owner('deploy')).to.equal('ours');
    expect(await lock.release('ours')).to.be.true;
    expect((await laravel.acquire('deploy', 60)).acquired).to.be.true;
  });

  it("flush each other's entries", async () => {
    await laravel.put('k', codec.encode(string('v')), 60);
    await store.flush({ scope: 'all', locks: true, dryRun: false });
    expect((await laravel.get('k')).toString()).to.equal('N;');
    await store.put('k', string('v'), 60);
    expect(await laravel.flush()).to.be.true;
    expect(await store.get('k')).to.be.undefined;
    await store.put('k', string('again'), 60);
    expect((await laravel.get('k')).toString()).to.equal('s:5:"again";');
  });
});
