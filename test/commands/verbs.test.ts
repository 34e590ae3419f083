import { expect } from 'chai';

import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';

const LONG_KEY = 'ž'.repeat(130);

describe('add, increment, decrement and touch', () => {
  onTwoStores((place, driver) => {
    /** Minutes that a key has left, rounded up; null for never. */
    const minutesLeft = async (key: string, ...flags: string[]): Promise<null | number> => {
      const { out } = await place.run(['get', key, '--json', ...flags]);
      const { ttl } = JSON.parse(out) as { ttl: null | number };
      // Rounded: the clocks of two processes may differ by as long as the server takes to answer.
      return ttl === null ? null : Math.round(ttl / 60);
    };

    it('add stores only a missing key; otherwise it exits 1 and keeps the entry', async () => {
      expect(await place.run(['add', 'leader', 'web1', '--ttl', '10m'])).to.include({ code: 0, out: '', err: '' });
      expect(await place.run(['add', 'leader', 'web2', '--forever'])).to.include({
        code: 1,
        out: '',
        err: 'leader is already in the cache and was not changed\n',
      });
      expect((await place.run(['get', 'leader'])).out).to.equal('web1\n');
      expect(await minutesLeft('leader')).to.equal(10);
    });

    it('add takes a tagged structure from standard input', async () => {
      const args = ['add', 'John', '-', '--as', 'json', '--tags', 'people,artists'];
      const { code, out } = await place.run([...args, '--json'], { input: '{"n":9007199254740993}' });
      expect({ code, out }).to.deep.equal({ code: 0, out: '{"key":"John","stored":true,"ttl":null}\n' });
      expect(await place.run([...args, '--json'], { input: '[]' })).to.include({
        code: 1,
        out: '{"key":"John","stored":false}\n',
      });
      expect((await place.run(['get', 'John', '--tags', 'people,artists', '--json'])).out).to.include(
        '"value":{"n":9007199254740993}',
      );
    });

    it('add succeeds for one of many', async () => {
      const runs = await Promise.all([1, 2, 3, 4].map(async (each) => place.run(['add', 'one', String(each)])));
      expect(runs.map(({ code }) => code).sort()).to.deep.equal([0, 1, 1, 1]);
      const winner = runs.findIndex(({ code }) => code === 0) + 1;
      expect((await place.run(['get', 'one'])).out).to.equal(`${winner}\n`);
    });

    it('put --forever removes the TTL', async () => {
      await place.run(['put', 'a', '1', '--ttl', '10m']);
      expect((await place.run(['put', 'a', '2', '--forever'])).code).to.equal(0);
      expect(await minutesLeft('a')).to.equal(null);
      expect((await place.run(['put', 'a', '3', '--forever', '--ttl', '1m'])).code).to.equal(2);
    });

    it('increment and decrement print only the sum, and keep the TTL', async () => {
      expect(await place.run(['increment', 'hits'])).to.include({ code: 0, out: '1\n', err: '' });
      await place.run(['touch', 'hits', '--ttl', '10m']);
      expect((await place.run(['increment', 'hits', '--by', '41'])).out).to.equal('42\n');
      // Memcached counts down to 0 and no further.
      const [below, above] = driver === 'memcached' ? [0, 10] : [-8, 2];
      expect((await place.run(['increment', 'hits', '--by', '-50'])).out).to.equal(`${below}\n`);
      expect((await place.run(['decrement', 'hits', '--by', '-10'])).out).to.equal(`${above}\n`);
      const { out } = await place.run(['decrement', 'hits', '--json']);
      expect(out).to.equal(`{"key":"hits","value":${above - 1}}\n`);
      expect(await minutesLeft('hits')).to.equal(10);
    });

    it('increment counts exactly to the limit of 64 bits, and no further', async () => {
      const greatest = '9223372036854775807';
      expect((await place.run(['increment', 'big', '--by', greatest])).out).to.equal(`${greatest}\n`);
      expect((await place.run(['increment', 'big', '--by', `-${greatest}`])).out).to.equal('0\n');
      expect((await place.run(['increment', 'big', '--by', greatest, '--json'])).out).to.equal(
        `{"key":"big","value":${greatest}}\n`,
      );
      expectFault(await place.run(['increment', 'big']), { code: 3, message: /"big"/, hint: 'The value is unchanged' });
      expectFault(await place.run(['increment', 'big', '--by', '9223372036854775808']), {
        code: 2,
        message: 'beyond 64 bits',
      });
    });

    it('increment loses nothing among many, and works with tags', async () => {
      const args = ['increment', 'hits', '--by', '5', '--tags', 'counters'];
      const runs = await Promise.all([1, 2, 3, 4].map(async () => place.run(args)));
      expect(runs.map(({ out }) => Number(out)).sort((a, b) => a - b)).to.deep.equal([5, 10, 15, 20]);
      expect((await place.run(['get', 'hits'])).code).to.equal(1);
    });

    it('increment --ttl gives a new counter its TTL, and keeps that of an existing one', async () => {
      expect((await place.run(['increment', 'rate', '--ttl', '10m'])).out).to.equal('1\n');
      expect((await place.run(['increment', 'rate', '--ttl', '2h'])).out).to.equal('2\n');
      expect(await minutesLeft('rate')).to.equal(10);
      await place.run(['put', 'zero', '0']);
      expect((await place.run(['increment', 'zero', '--ttl', '10m'])).out).to.equal('1\n');
      expect(await minutesLeft('zero')).to.equal(10);
    });

    it('increment refuses a value that is no number, and keeps it', async () => {
      await place.run(['put', 'name', 'Ann']);
      expectFault(await place.run(['increment', 'name']), {
        code: 3,
        message: /"name"/,
        hint: 'The value is unchanged',
      });
      expect((await place.run(['get', 'name'])).out).to.equal('Ann\n');
    });

    it('touch says which keys existed, and exits 1 if any did not', async () => {
      await place.run(['put', 'a', '1']);
      await place.run(['put', 'b', '2', '--ttl', '2h']);
      expect(await place.run(['touch', 'a', 'none', 'b', '--ttl', '10m'])).to.include({
        code: 1,
        out: 'a\ttouched\nnone\twas not there\nb\ttouched\n',
        err: '',
      });
      expect([await minutesLeft('a'), await minutesLeft('b')]).to.deep.equal([10, 10]);
      expect(await place.run(['touch', 'b', '--forever', '--json'])).to.include({
        code: 0,
        out: '{"key":"b","touched":true,"ttl":null}\n',
      });
      expect(await minutesLeft('b')).to.equal(null);
    });

    it('touch works with tags, and requires a TTL', async () => {
      await place.run(['put', 'John', 'john', '--tags', 'people']);
      expect((await place.run(['touch', 'John', '--ttl', '10m'])).code).to.equal(1);
      expect((await place.run(['touch', 'John', '--ttl', '10m', '--tags', 'people'])).code).to.equal(0);
      expect(await minutesLeft('John', '--tags', 'people')).to.equal(10);
      expect((await place.run(['touch', 'John'])).code).to.equal(2);
    });

    if (place.keyBytes !== undefined) {
      it('touch reports an impossible key beside those that it touched', async () => {
        await place.run(['put', 'a', '1']);
        const { code, out, err } = await place.run(['touch', 'a', LONG_KEY, '--ttl', '10m']);
        expect({ code, out }).to.deep.equal({ code: 2, out: 'a\ttouched\n' });
        expect(err).to.include('with the prefix it has');
        expectFault(await place.run(['touch', LONG_KEY, '--ttl', '10m']), {
          code: 2,
          message: 'with the prefix it has',
        });
      });
    }
  });
});
