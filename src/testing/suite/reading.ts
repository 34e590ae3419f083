import { expect } from 'chai';

import { boolean, float, integer, list, NULL, string, type Value } from '../../codecs/value.js';
import { RefusedError, UsageError } from '../../errors.js';
import { failure, hits, type Stores, textOf, until } from './stores.js';

const VALUES: ReadonlyArray<readonly [string, Value]> = [
  ['null', NULL],
  ['true', boolean(true)],
  ['false', boolean(false)],
  ['an empty string', string('')],
  ['a string', string('hello')],
  ['a string with colons and semicolons', string('s:1:"x";')],
  ['unicode', string('žluťoučký 🐎')],
  ['bytes that are no text', string(Buffer.from([0, 255, 254, 128, 10, 0]))],
  ['every byte there is', string(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))],
  ['infinity', float(Number.POSITIVE_INFINITY)],
  ['a list', list([string('a'), integer(1), NULL])],
  ['an empty list', list([])],
  [
    'a map in its order, with integer keys among others',
    {
      type: 'array',
      entries: [
        [Buffer.from('z'), integer(1)],
        [Buffer.from('a'), list([boolean(true), float(1.5)])],
        [7n, string('seven')],
        [Buffer.from([0xff, 0x00]), string('key of bytes')],
      ],
    },
  ],
  [
    'an object with private properties',
    {
      type: 'object',
      class: Buffer.from(String.raw`App\User`),
      properties: [
        [Buffer.from('name'), string('Ann')],
        [Buffer.from('\0*\0email'), NULL],
        [Buffer.from('\0App\\User\0id'), integer(7)],
      ],
    },
  ],
  ['an enum', { type: 'enum', class: Buffer.from('Suit'), case: Buffer.from('Hearts') }],
  ['an object with its own format', { type: 'custom', class: Buffer.from('Blob'), data: Buffer.from('x{}:;\0') }],
  [
    'the same object twice',
    list([
      { type: 'object', class: Buffer.from('stdClass'), properties: [] },
      { type: 'reference', kind: 'object', target: 2 },
    ]),
  ],
];

const NUMBERS: ReadonlyArray<readonly [string, Value]> = [
  ['0', integer(0)],
  ['-7', integer(-7)],
  ['9223372036854775807', integer(2n ** 63n - 1n)],
  ['-9223372036854775808', integer(-(2n ** 63n))],
  ['3.14', float(3.14)],
  ['0123', string('0123')],
  ['1e3', string('1e3')],
  ['-0', string('-0')],
  [' 5', string(' 5')],
  ['1.50', string('1.50')],
];

const KEYS: ReadonlyArray<readonly [string, string]> = [
  ['unicode', 'klíč:🐎'],
  ['glob characters', String.raw`a*b?[c-d]\e`],
  ['quotes', `'"a";--%_%25`],
  ['200 characters', 'k'.repeat(200)],
];

/** For stores that take any key. */
const ANY_KEYS: ReadonlyArray<readonly [string, string]> = [
  ['spaces', ' two  spaces '],
  ['newlines', 'a\r\nb\tc'],
  ['SQL', `'"; DROP TABLE cache; --%_`],
  ['1000 characters', 'k'.repeat(1000)],
];

export function describeReading(stores: Stores): void {
  describe('reading and writing', () => {
    it('returns a miss for a key that was never put', async () => {
      const store = await stores.fresh();
      expect(await store.get('nothing')).to.be.undefined;
    });

    it('returns a hit with its bytes and TTL', async () => {
      const store = await stores.fresh();
      await store.put('greeting', string('hello'), 60);
      const entry = await store.get('greeting');
      expect(entry?.decode()).to.deep.equal(string('hello'));
      expect(entry?.stored.toString()).to.include('hello');
      stores.expectTtl(entry, [58, 60]);
    });

    it('replaces value and TTL with a second put', async () => {
      const store = await stores.fresh();
      await store.put('k', string('one'), 60);
      await store.put('k', string('two'), null);
      const entry = await store.get('k');
      expect(textOf(entry)).to.equal('two');
      stores.expectTtl(entry, null);
    });

    it('shows an entry to another client', async () => {
      const store = await stores.fresh();
      await store.put('k', string('seen'), 60);
      expect(textOf(await (await stores.second(store)).get('k'))).to.equal('seen');
    });

    it('has no TTL for an entry that never expires', async () => {
      const store = await stores.fresh();
      await store.put('k', string('stays'), null);
      stores.expectTtl(await store.get('k'), null);
    });

    it('returns a miss after the TTL', async () => {
      const store = await stores.fresh();
      await store.put('k', string('short'), 2);
      expect(textOf(await store.get('k'))).to.equal('short');
      await until(async () => (await store.get('k')) === undefined);
      expect(await store.many(['k'])).to.deep.equal([undefined]);
      expect(await store.touch('k', 60)).to.be.false;
      expect(await store.forget(['k'])).to.deep.equal([false]);
    });

    it('returns many results in the order of the keys, misses among hits', async () => {
      const store = await stores.fresh();
      await store.put('a', string('A'), 60);
      await store.put('b', string('B'), null);
      const [b, nothing, a, again] = await hits(store, ['b', 'nothing', 'a', 'b']);
      expect(textOf(b)).to.equal('B');
      expect(nothing).to.be.undefined;
      expect(textOf(a)).to.equal('A');
      expect(textOf(again)).to.equal('B');
    });

    it('returns nothing for no keys', async () => {
      const store = await stores.fresh();
      expect(await store.many([])).to.deep.equal([]);
    });

    it('returns a value of 1 MiB in full', async () => {
      const store = await stores.fresh();
      const value = string(Buffer.alloc(1024 * 1024, 'cachectl'));
      await store.put('big', value, 60);
      expect((await store.get('big'))?.decode()).to.deep.equal(value);
    });

    for (const [what, value] of VALUES.filter(([, each]) => !stores.holds(each))) {
      it(`refuses what is not text, and leaves the entry unchanged: ${what}`, async () => {
        const store = await stores.fresh();
        await store.put('k', string('before'), 60);
        expect(await failure(store.put('k', value, 60))).to.be.instanceOf(RefusedError);
        expect(textOf(await store.get('k'))).to.equal('before');
      });
    }

    for (const [what, value] of VALUES.filter(([, each]) => stores.holds(each))) {
      it(`returns it unchanged: ${what}`, async () => {
        const store = await stores.fresh();
        await store.put('k', value, 60);
        const first = await store.get('k');
        expect(first?.decode()).to.deep.equal(value);
        await store.put('k', first!.decode(), 60);
        expect((await store.get('k'))?.stored).to.deep.equal(first?.stored);
      });
    }

    for (const [text, value] of NUMBERS) {
      it(`returns the same digits: the ${value.type} ${text}`, async () => {
        const store = await stores.fresh();
        await store.put('k', value, 60);
        expect(textOf(await store.get('k'))).to.equal(text);
      });
    }

    const longest = stores.harness.keyCharacters;
    if (longest !== undefined) {
      it(`refuses a key of more than ${longest} characters`, async () => {
        const store = await stores.fresh();
        const key = 'k'.repeat(longest - store.prefix.length);
        await store.put(key, string('v'), 60);
        expect(textOf(await store.get(key))).to.equal('v');
        expect(await failure(store.put(`${key}k`, string('v'), 60))).to.be.instanceOf(RefusedError);
        expect(await store.get(`${key}k`)).to.be.undefined;
      });
    }

    const keys = (stores.takesAnyKey ? [...KEYS, ...ANY_KEYS] : KEYS).filter(
      ([, key]) => longest === undefined || key.length < longest,
    );
    for (const [what, key] of keys) {
      it(`takes a key with ${what}`, async () => {
        const store = await stores.fresh();
        await store.put(key, string('v'), 60);
        expect(textOf(await store.get(key))).to.equal('v');
        expect(await store.get(`${key}x`)).to.be.undefined;
        expect(await store.forget([key])).to.deep.equal([true]);
        expect(await store.get(key)).to.be.undefined;
      });
    }

    if (!stores.takesAnyKey) refusesOtherKeys(stores);
  });
}

function refusesOtherKeys(stores: Stores): void {
  const most = stores.traits.keyBytes!;
  for (const [what, keyAfter] of [
    ['spaces', () => 'two words'],
    ['newlines', () => 'a\r\nb'],
  ] as const) {
    it(`does not store a key with ${what}`, async () => {
      const store = await stores.fresh();
      const key = keyAfter();
      expect(await failure(store.put(key, string('v'), 60))).to.be.instanceOf(UsageError);
      expect(await failure(store.add(key, string('v'), 60))).to.be.instanceOf(UsageError);
      expect(await failure(store.increment(key, 1n))).to.be.instanceOf(UsageError);

      // Another client may have stored it, so reading it is a miss rather than an error where the store can ask for it.
      const [found] = await store.many([key]);
      if (found !== undefined) expect(found).to.be.instanceOf(UsageError);
    });
  }

  it('refuses a key with more bytes than it takes, and changes nothing', async () => {
    const store = await stores.fresh();
    const key = 'k'.repeat(most - Buffer.byteLength(store.prefix) + 1);
    await store.put('k', string('v'), 60);
    for (const attempt of [
      store.get(key),
      store.put(key, string('v'), 60),
      store.add(key, string('v'), 60),
      store.increment(key, 1n),
      store.touch(key, 60),
      store.pull(key),
      store.forget(['k', key]),
    ]) {
      expect(await failure(attempt)).to.be.instanceOf(UsageError);
    }

    const [other, refused] = await store.many(['k', key]);
    expect(refused).to.be.instanceOf(UsageError);
    if (other instanceof Error) throw other;
    expect(textOf(other)).to.equal('v');
  });

  it('takes a key of exactly the maximum length', async () => {
    const store = await stores.fresh();
    const key = 'k'.repeat(most - Buffer.byteLength(store.prefix));
    await store.put(key, string('v'), 60);
    expect(textOf(await store.get(key))).to.equal('v');
  });
}
