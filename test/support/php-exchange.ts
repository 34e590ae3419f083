import { expect } from 'chai';

import type { Shared, Traits } from './php-shared.js';

import { serialize } from '../../src/codecs/php/serialize.js';
import { unserialize } from '../../src/codecs/php/unserialize.js';
import { Random, SEED } from '../fuzz/random.js';
import { randomValue } from '../fuzz/values.js';
import { SHARED_VALUES } from './php-values.js';

export function describeValues(shared: () => Shared, { bareNumbers }: Traits, values = SHARED_VALUES): void {
  for (const { title, php: expression, json, bareJson = json, put, text = JSON.parse(json) as string } of values) {
    const shown = bareNumbers ? bareJson : json;

    it(`${title}: cachectl reads what Laravel puts`, async () => {
      const { php, theirs, run } = shared();
      expect(await theirs.put('key', await php.evaluate(expression), 3600)).to.be.true;
      const { code, out, err } = await run(['get', 'key', '--json']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.include(`"value":${shown},"type":`);
    });

    it(`${title}: Laravel reads what cachectl puts, and would have stored the same`, async () => {
      const { php, theirs, ours, run, raw } = shared();
      const value = await php.evaluate(expression);
      await theirs.put('theirs', value, 3600);
      if (put === undefined) await ours.put('ours', unserialize(value), 3600);
      else {
        const how = put === 'json' ? ['--as=json'] : [];
        const { code, err } = await run(['put', 'ours', '-', '--ttl', '1h', ...how], put === 'json' ? json : text);
        expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      }

      expect((await theirs.get('ours')).toString('latin1')).to.equal((await theirs.get('theirs')).toString('latin1'));
      expect(await raw('ours')).to.equal(await raw('theirs'));
    });
  }
}

export function describeEntries(shared: () => Shared): void {
  const hello = Buffer.from('s:5:"hello";');
  const miss = Buffer.from('N;');

  it("Laravel's TTL ends in cachectl", async () => {
    const { theirs, run } = shared();
    await theirs.put('brief', hello, 100);
    await theirs.put('long', hello, 40 * 86_400);
    await theirs.put('forever', hello, null);
    const { out } = await run(['get', 'brief', 'long', 'forever', '--json']);
    const [brief, long, forever] = (JSON.parse(out) as Array<{ ttl: null | number }>).map(({ ttl }) => ttl);
    // Memcached's clock may lag by a second, and the rest of a TTL is rounded up.
    expect(brief).to.be.within(70, 102);
    expect(long).to.be.within(40 * 86_400 - 30, 40 * 86_400 + 2);
    expect(forever).to.be.null;
  });

  it("cachectl's TTL ends like Laravel's", async () => {
    const { run, theirs, ttl } = shared();
    await run(['put', 'brief', 'hello', '--ttl', '100s']);
    await run(['put', 'long', 'hello', '--ttl', '40d']);
    await run(['put', 'forever', 'hello']);
    await theirs.put('theirs', hello, null);
    // Memcached's clock may lag by a second, and the rest of a TTL is rounded up.
    expect(await ttl('brief')).to.be.within(70, 102);
    expect(await ttl('long')).to.be.within(40 * 86_400 - 30, 40 * 86_400 + 2);
    expect(await ttl('forever')).to.equal(await ttl('theirs'));
  });

  it('add: the second one is refused, in either order', async () => {
    const { theirs, run } = shared();
    expect(await theirs.add('a', hello, 60)).to.be.true;
    expect((await run(['put', 'a', 'ours', '--if-absent', '--ttl', '1m'])).code).to.equal(1);
    expect((await run(['get', 'a'])).out).to.equal('hello\n');

    expect((await run(['put', 'b', 'ours', '--if-absent', '--ttl', '1m'])).code).to.equal(0);
    expect(await theirs.add('b', hello, 60)).to.be.false;
    expect((await theirs.get('b')).toString()).to.equal('s:4:"ours";');
  });

  it("many: each reads the other's entries at once, with misses between", async () => {
    const { theirs, ours, run } = shared();
    await theirs.putMany(
      [
        ['one', hello],
        ['two', hello],
      ],
      60,
    );
    const { code, out } = await run(['get', 'one', 'none', 'two', '--json']);
    expect(code).to.equal(1);
    expect((JSON.parse(out) as Array<{ value: unknown }>).map(({ value }) => value)).to.deep.equal([
      'hello',
      undefined,
      'hello',
    ]);

    const entries = ['three', 'four'].map((key) => ({ key, value: unserialize(hello), ttl: 60 }));
    expect(await ours.putMany(entries)).to.equal(2);
    expect(await theirs.many(['three', 'none', 'four'])).to.deep.equal([hello, miss, hello]);
  });

  it('forget and pull: removed entries are gone for the other', async () => {
    const { theirs, ours, run } = shared();
    for (const key of ['a', 'b', 'c', 'd']) await theirs.put(key, hello, 60);
    expect((await run(['forget', 'a'])).code).to.equal(0);
    expect(await theirs.get('a')).to.deep.equal(miss);
    await theirs.forget('b');
    expect((await run(['get', 'b'])).code).to.equal(1);
    expect((await ours.pull('c'))?.decode()).to.deep.equal(unserialize(hello));
    expect(await theirs.pull('c')).to.deep.equal(miss);
    expect(await theirs.pull('d')).to.deep.equal(hello);
    expect(await ours.pull('d')).to.be.undefined;
  });
}

export function describeCounters(shared: () => Shared, { countsFromNothing, countsInOneStep }: Traits): void {
  it('both count on one counter', async () => {
    const { php, theirs, ours, run } = shared();
    await theirs.put('hits', await php.evaluate('5'), 600);
    expect(await ours.increment('hits', 10n)).to.equal(15n);
    expect(await theirs.increment('hits', 7)).to.equal(22);
    expect(await theirs.decrement('hits', 2)).to.equal(20);
    expect(await ours.increment('hits', -9n)).to.equal(11n);
    expect((await run(['get', 'hits'])).out).to.equal('11\n');
    expect((await theirs.get('hits')).toString()).to.be.oneOf(['i:11;', 's:2:"11";']);
  });

  it('Laravel counts on a counter that cachectl started', async () => {
    const { theirs, ours } = shared();
    expect(await ours.increment('hits', 3n)).to.equal(3n);
    expect(await theirs.increment('hits', 4)).to.equal(7);
    expect(await ours.increment('hits', 1n)).to.equal(8n);
  });

  if (countsFromNothing) {
    it('cachectl counts on a counter that Laravel started', async () => {
      const { theirs, ours } = shared();
      expect(await theirs.increment('hits', 3)).to.equal(3);
      expect(await ours.increment('hits', 4n)).to.equal(7n);
    });
  }

  if (!countsInOneStep) return;
  it('no increment is lost if both count at once', async () => {
    const { php, theirs, ours } = shared();
    await theirs.put('hits', await php.evaluate('0'), 600);
    const counting = Array.from({ length: 200 }, async () =>
      Promise.all([theirs.increment('hits'), ours.increment('hits', 1n)]),
    );
    await Promise.all(counting);
    expect(await ours.increment('hits', 0n)).to.equal(400n);
  });
}

/**
 * Nested arrays and objects. Everything but numbers is exact everywhere.
 * @param fits which of them Laravel 8 and this store can hold, by their serialized bytes
 */
export function describeThousands(shared: () => Shared, fits = (_bytes: Buffer) => true): void {
  it(`random values (seed ${SEED}): cachectl reads Laravel's exactly`, async () => {
    const { theirs, ours } = shared();
    const entries = randomEntries(fits);
    for (const page of pages(entries)) expect(await theirs.putMany(page, 600)).to.be.true;
    for (const page of pages(entries)) {
      const readings = await ours.many(page.map(([key]) => key));
      for (const [index, [key, bytes]] of page.entries()) {
        const reading = readings[index];
        if (reading === undefined || reading instanceof Error) throw reading ?? new Error(`${key} is not there`);
        expect(serialize(reading.decode()).toString('latin1'), key).to.equal(bytes.toString('latin1'));
      }
    }
  });

  it(`random values (seed ${SEED}): Laravel reads cachectl's exactly`, async () => {
    const { theirs, ours } = shared();
    const entries = randomEntries(fits);
    const put = entries.map(([key, bytes]) => ({ key, value: unserialize(bytes), ttl: 600 }));
    expect(await ours.putMany(put)).to.equal(entries.length);
    for (const page of pages(entries)) {
      const values = await theirs.many(page.map(([key]) => key));
      for (const [index, [key, bytes]] of page.entries()) {
        expect(values[index]!.toString('latin1'), key).to.equal(bytes.toString('latin1'));
      }
    }
  });
}

type Pair = readonly [key: string, value: Buffer];

function randomEntries(fits: (bytes: Buffer) => boolean): Pair[] {
  const random = new Random(SEED);
  const entries: Pair[] = [];
  while (entries.length < 3000) {
    const bytes = serialize(randomValue(random));
    // Enums and `C:` objects need their classes, which the application lacks.
    const text = bytes.toString('latin1');
    if (/^[aO]:/.test(text) && !/[CE]:\d/.test(text) && fits(bytes)) {
      entries.push([`random:${entries.length}`, bytes]);
    }
  }

  return entries;
}

function* pages(entries: readonly Pair[]): Generator<readonly Pair[]> {
  for (let start = 0; start < entries.length; start += 500) yield entries.slice(start, start + 500);
}
