import { expect } from 'chai';

import { string } from '../../codecs/value.js';
import { type Stores, textOf, until } from './stores.js';

export function describeLocks(stores: Stores): void {
  describe('locks', () => {
    it('have one holder at a time, which every client sees', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      expect(await store.lock('deploy').holder()).to.be.undefined;
      expect(await store.lock('deploy').acquire('ann', 60)).to.be.true;
      expect(await other.lock('deploy').acquire('bob', 60)).to.be.false;
      const holder = await other.lock('deploy').holder();
      expect(holder?.owner).to.equal('ann');
      stores.expectTtl(holder, [55, 60]);
      expect(await other.lock('migrate').acquire('bob', 60)).to.be.true;
    });

    it('are not acquired twice by the same owner', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      expect(await lock.acquire('ann', 60)).to.be.true;
      expect(await lock.acquire('ann', 600)).to.be.false;
      stores.expectTtl(await lock.holder(), [55, 60]);
    });

    it('are released by their owner only', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      await lock.acquire('ann', 60);
      expect(await lock.release('bob')).to.be.false;
      expect((await lock.holder())?.owner).to.equal('ann');
      expect(await lock.release('ann')).to.be.true;
      expect(await lock.release('ann')).to.be.false;
      expect(await lock.holder()).to.be.undefined;
      expect(await lock.acquire('bob', 60)).to.be.true;
    });

    it('are released by force whatever their owner', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      expect(await lock.forceRelease()).to.be.false;
      await lock.acquire('ann', 60);
      expect(await lock.forceRelease()).to.be.true;
      expect(await lock.holder()).to.be.undefined;
    });

    it('are refreshed by their owner only', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      expect(await lock.refresh('ann', 60)).to.be.false;
      await lock.acquire('ann', 60);
      expect(await lock.refresh('bob', 600)).to.be.false;
      expect(await lock.refresh('ann', 600)).to.be.true;
      stores.expectTtl(await lock.holder(), [595, 600]);
    });

    it('without a TTL stay, and can be given one', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      expect(await lock.acquire('ann', null)).to.be.true;
      expect((await lock.holder())?.owner).to.equal('ann');
      stores.expectTtl(await lock.holder(), null);
      expect(await lock.acquire('bob', 60)).to.be.false;
      expect(await lock.refresh('ann', 60)).to.be.true;
      stores.expectTtl(await lock.holder(), [55, 60]);
      expect(await lock.refresh('ann', null)).to.be.true;
      expect((await lock.holder())?.owner).to.equal('ann');
      stores.expectTtl(await lock.holder(), null);
    });

    it('are free when their TTL ends, and no longer belong to their owner', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      await lock.acquire('ann', 1);
      await until(async () => (await lock.holder()) === undefined);
      expect(await lock.release('ann')).to.be.false;
      expect(await lock.refresh('ann', 60)).to.be.false;
      expect(await lock.forceRelease()).to.be.false;
      expect(await lock.acquire('bob', 60)).to.be.true;
      expect(await lock.release('ann')).to.be.false;
      expect((await lock.holder())?.owner).to.equal('bob');
    });

    it('can be acquired after their TTL has ended', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      await lock.acquire('ann', 1);
      await until(() => lock.acquire('bob', 60));
      expect((await lock.holder())?.owner).to.equal('bob');
    });

    it('take any name and owner', async () => {
      const space = stores.takesAnyKey ? ' \n' : '';
      const lock = (await stores.fresh()).lock(`laravel_unique_job:App\\Jobs\\Import:'7'*${space}`);
      const owner = `žluť "quoted" 'owner'`;
      expect(await lock.acquire(owner, 60)).to.be.true;
      expect((await lock.holder())?.owner).to.equal(owner);
      expect(await lock.release(owner)).to.be.true;
    });

    it('do not change entries', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      await store.lock('other').acquire('ann', 60);
      await store.lock('other').forceRelease();
      expect(textOf(await store.get('k'))).to.equal('v');
    });
  });
}
