import { expect } from 'chai';

import type { Store } from '../../stores/contract/store.js';

import { string } from '../../codecs/value.js';
import { newOwner } from '../../stores/locks/owner.js';
import { all, type Stores, textOf } from './stores.js';

/** Pairs of prefixes that a careless pattern or comparison would confuse. */
const PAIRS = [
  ['other letters', 'shop-cache-', 'blog-cache-'],
  ['other case', 'prefix-CASE-', 'prefix-case-'],
  ['glob characters', 'p*[a]?:', 'pxa?:'],
  ['SQL wildcards', 'p_%:', 'pxyz:'],
  ['a backslash', String.raw`p\:`, 'p:'],
  ['unicode', 'předpona:', 'předponb:'],
] as const;

export function describePrefixes(stores: Stores): void {
  const [listing, locks, tags] = [stores.has('keys'), stores.has('lock'), stores.has('tags')];
  describe('prefixes', () => {
    for (const [what, ours, theirs] of PAIRS) {
      describe(`with ${what}: ${ours} and ${theirs}`, () => {
        let mine: Store;
        let yours: Store;
        const owner = newOwner();

        beforeEach(async () => {
          mine = await stores.under(ours);
          yours = await stores.under(theirs);
          await yours.put('k', string('yours'), 60);
          if (tags) await yours.tags(['t']).put('k', string('yours, tagged'), 60);
          if (locks) await yours.lock('l').acquire(owner, 60);
        });

        afterEach(async () => {
          await yours.forget(['k']);
          if (tags) await yours.tags(['t']).flush({ dryRun: false });
          if (locks) await yours.lock('l').forceRelease();
        });

        it('do not see each other', async () => {
          expect(await mine.get('k')).to.be.undefined;
          expect(await mine.forget(['k'])).to.deep.equal([false]);
          if (listing) expect(await all(mine.keys())).to.deep.equal([]);
          if (tags) expect(await mine.tags(['t']).get('k')).to.be.undefined;
          if (locks) expect(await mine.lock('l').holder()).to.be.undefined;
          if (locks) expect(await mine.lock('l').forceRelease()).to.be.false;
          expect(textOf(await yours.get('k'))).to.equal('yours');
        });

        if (listing) {
          it('do not flush each other', async () => {
            await mine.put('k', string('mine'), 60);
            expect(await all(mine.keys('k'))).to.deep.equal(['k']);
            if (tags) await mine.tags(['t']).put('k', string('mine, tagged'), 60);
            if (tags) await mine.tags(['t']).flush({ dryRun: false });
            if (locks) expect(await mine.lock('l').acquire(newOwner(), 60)).to.be.true;
            await mine.flush({ scope: 'prefix', locks: true, dryRun: false });

            expect(await all(mine.keys())).to.deep.equal([]);
            expect(textOf(await yours.get('k'))).to.equal('yours');
            if (tags) expect(textOf(await yours.tags(['t']).get('k'))).to.equal('yours, tagged');
            if (locks) expect((await yours.lock('l').holder())?.owner).to.equal(owner);
          });
        }
      });
    }
  });
}
