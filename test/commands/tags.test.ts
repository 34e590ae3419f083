import { expect } from 'chai';

import { until } from '../../src/testing/suite/stores.js';
import { onEveryStore, type Place } from '../support/places.js';

describe('tags:list, tags:show and tags:prune', () => {
  onEveryStore((place, driver) => {
    const tellsMembers = driver !== 'memcached';
    const put = async (key: string, tags: string, ...flags: string[]): Promise<void> => {
      expect((await place.run(['put', key, 'v', '--tags', tags, ...flags])).code).to.equal(0);
    };

    it('list nothing without tags', async () => {
      await place.run(['put', 'plain', '1']);
      expect(await place.run(['tags:list'])).to.include({ code: 0, out: '', err: '' });
      expect(await place.run(['tags:list', '--json'])).to.include({ code: 0, out: '[]\n', err: '' });
    });

    it('list tags by name with their number of entries', async () => {
      await put('Ann', 'people,artists');
      await put('Bob', 'people', '--ttl', '10m');
      await put('Rome', 'žluť:x');
      const lines = tellsMembers
        ? 'artists\t1\t0\npeople\t2\t0\nžluť:x\t1\t0\n'
        : 'artists\t\t\npeople\t\t\nžluť:x\t\t\n';
      expect(await place.run(['tags:list'])).to.include({ code: 0, out: lines, err: '' });
      expect((await place.run(['tags:list', '--deep'])).out).to.equal(lines);
      const none = (await place.run(['tags:list', '--sort', 'none'])).out;
      expect(none.split('\n').toSorted()).to.deep.equal(lines.split('\n').toSorted());
      expect(JSON.parse((await place.run(['tags:list', 'p*', '--json'])).out)).to.deep.equal([
        { name: 'people', ...(tellsMembers && { entries: 2, staleMembers: 0 }) },
      ]);
      const largest = await place.run(['tags:list', '--sort', 'entries', '--limit', '1']);
      if (tellsMembers) expect(largest).to.include({ code: 0, out: 'people\t2\t0\n' });
      else expect(largest).to.include({ code: 2, out: '' });
    });

    if (!tellsMembers) {
      it('say that Memcached does not list the members of a tag, with an alternative', async () => {
        await put('Ann', 'people');
        const { code, out, err } = await place.run(['tags:show', 'people']);
        expect({ code, out }).to.deep.equal({ code: 2, out: '' });
        expect(err).to.include('memcached').and.to.include('people').and.to.include('get KEY --tags');
      });
      return;
    }

    it('show the members of a tag so that get finds them', async () => {
      await put('Ann: žluť', 'people,artists', '--ttl', '60');
      await put('Bob', 'people');
      const lines = (await place.run(['tags:show', 'people'])).out.split('\n').filter(Boolean).toSorted();
      const [ann, bob] = lines.map((line) => line.split('\t'));
      expect(lines).to.have.length(2);
      expect(ann?.[0]).to.equal('Ann: žluť');
      expect(Number(ann?.[1])).to.be.within(50, 60);
      expect(ann?.[2]).to.equal('people,artists');
      expect(bob?.slice(0, 3)).to.deep.equal(['Bob', 'never', 'people']);
      expect((await place.run(['get', ann![0]!, '--tags', ann![2]!])).out).to.equal('v\n');
      expect((await place.run(['get', ann![3]!])).out).to.equal('v\n');
      const [member] = JSON.parse((await place.run(['tags:show', 'artists', '--json'])).out) as [object];
      expect(member).to.deep.include({
        key: 'Ann: žluť',
        tags: ['people', 'artists'],
        ordered: true,
        stale: false,
        listedKey: ann![3],
      });
    });

    it('show up to the limit, and exit 1 for an unknown tag', async () => {
      for (const key of ['a', 'b', 'c']) await put(key, 't');
      expect((await place.run(['tags:show', 't', '--limit', '2'])).out.split('\n')).to.have.length(3);
      expect(await place.run(['tags:show', 't', '--stale'])).to.include({ code: 0, out: '' });
      const none = await place.run(['tags:show', 'u']);
      expect(none).to.deep.include({ code: 1, out: '', err: 'no entry has the tag u\n' });
      expect(await place.run(['tags:show', 'u', '--json'])).to.include({ code: 1, out: '[]\n' });
    });

    it('prune stale members, and report how many', async () => {
      await put('kept', 't');
      await put('expired', 't', '--ttl', '1');
      await until(async () => (await place.run(['get', 'expired', '--tags', 't'])).code === 1);
      const stale = await staleIn(place);
      expect(stale).to.equal(driver === 'mongodb' ? 0 : 1);
      const many = `${stale} stale ${stale === 1 ? 'member' : 'members'} of 1 tag\n`;
      expect(await place.run(['tags:prune', '--dry-run'])).to.include({
        code: 0,
        out: `would remove ${many}`,
        err: '',
      });
      expect(await place.run(['tags:prune', 'other*'])).to.include({
        code: 0,
        out: 'removed 0 stale members of 0 tags\n',
      });
      expect(await place.run(['tags:prune'])).to.include({ code: 0, out: `removed ${many}`, err: '' });
      expect(await staleIn(place)).to.equal(0);
      const again = await place.run(['tags:prune', '--deep', '--json']);
      expect(JSON.parse(again.out)).to.deep.equal({ tagsChecked: 1, removed: 0, deep: true, dryRun: false });
      expect((await place.run(['get', 'kept', '--tags', 't'])).out).to.equal('v\n');
    });
  });
});

async function staleIn(place: Place): Promise<number> {
  const [tag] = JSON.parse((await place.run(['tags:list', '--json'])).out) as [{ readonly staleMembers: number }];
  return tag.staleMembers;
}
