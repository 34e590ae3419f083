import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { printKey } from '../../src/stores/entries/printed-key.js';
import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';
import { scratchFolder } from '../support/scratch.js';

/** Of 240 bytes without its prefix. */
const LONG_KEY = 'ž'.repeat(120);

describe('get and put', () => {
  onTwoStores((place) => {
    it('returns a bare string', async () => {
      expect(await place.run(['put', 'greeting', 'hello'])).to.include({ code: 0, out: '', err: '' });
      expect(await place.run(['get', 'greeting'])).to.include({ code: 0, out: 'hello\n', err: '' });
    });

    it('reports a miss on standard error, and exits 1', async () => {
      expect(await place.run(['get', 'nothing'])).to.include({
        code: 1,
        out: '',
        err: 'nothing is not in the cache\n',
      });
    });

    it('prints --default for a miss, and exits 0', async () => {
      expect(await place.run(['get', 'nothing', '--default', '10'])).to.include({ code: 0, out: '10\n', err: '' });
    });

    it('prints key, hit, value, type and ttl with --json', async () => {
      await place.run(['put', 'map', '{"b":1,"a":[1.0,null,"ž"],"7":9007199254740993}', '--as', 'json', '--ttl', '1h']);
      const { code, out } = await place.run(['get', 'map', '--json']);
      expect(code).to.equal(0);
      expect(out).to.match(/"ttl":(3600|3[45]\d\d)}\n$/);
      expect(out.replace(/"ttl":\d+/, '"ttl":0')).to.equal(
        '{"key":"map","hit":true,"value":{"b":1,"a":[1.0,null,"ž"],"7":9007199254740993},"type":"array","ttl":0}\n',
      );
    });

    it('prints a document for a miss with --json, and exits 1', async () => {
      const { code, out } = await place.run(['get', 'nothing', '--json']);
      expect(code).to.equal(1);
      expect(JSON.parse(out)).to.deep.equal({ key: 'nothing', hit: false });
    });

    it('reads several keys in order, one per line; a missing one is reported and exits 1', async () => {
      await place.run(['put', 'b', 'two\nlines']);
      await place.run(['put', 'a', '1']);
      const result = await place.run(['get', 'b', 'none', 'a']);
      expect(result).to.include({ code: 1, out: 'b\t"two\\nlines"\na\t1\n', err: 'none is not in the cache\n' });
      const { out } = await place.run(['get', 'b', 'none', 'a', '--json']);
      expect((JSON.parse(out) as Array<{ key: string; hit: boolean }>).map(({ key, hit }) => [key, hit])).to.deep.equal(
        [
          ['b', true],
          ['none', false],
          ['a', true],
        ],
      );
    });

    it('keeps binary values exactly, from standard input to output', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      expect(await place.run(['put', 'binary', '-'], { input: bytes })).to.include({ code: 0 });
      expect((await place.run(['get', 'binary', '-n'])).outBytes.equals(bytes)).to.equal(true);
      const { out } = await place.run(['get', 'binary', '--json']);
      expect((JSON.parse(out) as { value: { $base64: string } }).value.$base64).to.equal(bytes.toString('base64'));
    });

    it('keeps an empty value, which is a hit', async () => {
      await place.run(['put', 'empty', '']);
      expect(await place.run(['get', 'empty'])).to.include({ code: 0, out: '\n' });
    });

    it('reads a value of a megabyte from a file', async () => {
      const file = path.join(scratchFolder('file'), 'value');
      const bytes = Buffer.alloc(1_048_576, 'ab\0');
      writeFileSync(file, bytes);
      expect(await place.run(['put', 'large', '--file', file])).to.include({ code: 0, err: '' });
      expect((await place.run(['get', 'large', '-n'])).outBytes.equals(bytes)).to.equal(true);
    });

    it('refuses a value above the limit, and names the limit', async () => {
      const { tooLarge } = place;
      // Only for a limit that a test can reach; test/faults/pipes.test.ts covers the others.
      const size = tooLarge ?? 1_048_576;
      const fits = randomBytes(size - 4096);
      expect(await place.run(['put', 'large', '-'], { input: fits })).to.include({ code: 0, err: '' });
      expect((await place.run(['get', 'large', '-n'])).outBytes.equals(fits)).to.equal(true);
      const tooMuch = { input: randomBytes(size) };
      const results = [
        await place.run(['put', 'larger', '-'], tooMuch),
        await place.run(['put', 'larger', '-', '--if-absent'], tooMuch),
      ];
      for (const result of results) {
        if (tooLarge === undefined) continue;
        expectFault(result, { code: 3, message: /too large/, hint: 'Store' });
      }

      expect((await place.run(['get', 'larger', '-n'])).code).to.equal(tooLarge === undefined ? 0 : 1);
    });

    it('prints the stored bytes with --raw', async () => {
      await place.run(['put', 'greeting', 'hello']);
      const stored = place.keepsStringsBare ? 'hello' : 's:5:"hello";';
      expect(await place.run(['get', 'greeting', '--raw'])).to.include({ code: 0, out: stored });
      await place.run(['put', 'list', '["hello"]', '--as', 'json']);
      expect(await place.run(['get', 'list', '--raw'])).to.include({ code: 0, out: 'a:1:{i:0;s:5:"hello";}' });
    });

    it('separates keys with colons, globs and Unicode', async () => {
      const keys = ['a:b', 'a*b', 'a[b]', 'žluťoučký-🐎'];
      for (const key of keys) await place.run(['put', key, `is ${key}`]);
      for (const key of keys) expect((await place.run(['get', key])).out).to.equal(`is ${key}\n`);
    });

    for (const [what, key, why] of [
      ['white space', 'a b', 'it contains whitespace'],
      ['control characters', 'a\tb\n', 'it contains control characters'],
      ['more than 250 bytes', LONG_KEY, 'with the prefix it has 251 bytes'],
    ] as const) {
      it(`keeps keys with ${what}, or refuses them`, async () => {
        const stored = await place.run(['put', key, 'one']);
        if (place.keyBytes === undefined) {
          expect(stored).to.include({ code: 0, out: '', err: '' });
          expect((await place.run(['get', key])).out).to.equal('one\n');
          expect((await place.run(['get', key, key])).out.split('\n')).to.have.lengthOf(3);
          expect(await place.run(['forget', key])).to.include({ code: 0 });
          expect((await place.run(['get', key])).code).to.equal(1);
          return;
        }

        await place.run(['put', 'good', 'one']);
        const hint = `Keys have up to ${place.keyBytes} bytes including the prefix`;
        const refused = [stored];
        if (key !== LONG_KEY) {
          // Another client may have stored such a key, so cachectl looks it up, but does not store it.
          for (const result of refused) expectFault(result, { code: 2, message: why, hint });
          expect((await place.run(['get', key])).code).to.equal(1);
          expect(await place.run(['forget', 'good', key])).to.include({ code: 1 });
          return;
        }

        for (const command of ['get', 'forget', 'lock:release --force --yes', 'forget --dry-run']) {
          refused.push(await place.run([...command.split(' '), key]));
        }

        refused.push(await place.run(['forget', 'good', key]));
        for (const result of refused) expectFault(result, { code: 2, message: why, hint });
        // The other key is read, and was not forgotten.
        const { code, out } = await place.run(['get', 'good', key, '--json']);
        expect(code).to.equal(2);
        const [good, bad] = JSON.parse(out) as [object, { error: object }];
        expect(good).to.include({ hit: true, value: 'one' });
        expect(bad)
          .to.include({ key: printKey(key), hit: false })
          .and.not.to.have.property('value');
        expect(bad.error).to.include({ code: 'usage' });
      });
    }

    it('stores only a missing key with --if-absent; otherwise exits 1 and keeps the entry', async () => {
      expect(await place.run(['put', 'leader', 'web1', '--if-absent'])).to.include({ code: 0, err: '' });
      const second = await place.run(['put', 'leader', 'web2', '--if-absent']);
      expect(second).to.include({ code: 1, out: '', err: 'leader is already in the cache and was not changed\n' });
      expect((await place.run(['get', 'leader'])).out).to.equal('web1\n');
    });

    it('finds a tagged entry by the same tags in the same order only', async () => {
      await place.run(['put', 'John', 'john', '--tags', 'people,artists']);
      expect((await place.run(['get', 'John', '--tags', 'people,artists'])).out).to.equal('john\n');
      expect((await place.run(['get', 'John', '--tags', 'artists,people'])).code).to.equal(1);
      expect((await place.run(['get', 'John'])).code).to.equal(1);
    });

    it('stores many from NDJSON, each with its own TTL or --ttl', async () => {
      const input = [
        '{"key":"a","value":"one"}',
        '{"key":"b","value":{"x":1},"ttl":60}',
        '{"ttl":null,"value":2,"key":"c"}',
        '{"key":"d","value":1,"ttl":"2d"}',
      ].join('\n');
      const result = await place.run(['put', '--from', '-', '--ttl', '10m', '--json'], { input });
      expect(result).to.include({ code: 0, out: '{"written":4}\n', err: '' });
      const { out } = await place.run(['get', 'a', 'b', 'c', 'd', '--json']);
      const read = JSON.parse(out) as Array<{ value: unknown; ttl: null | number }>;
      expect(read.map(({ value }) => value)).to.deep.equal(['one', { x: 1 }, 2, 1]);
      expect(read.map(({ ttl }) => (ttl === null ? null : Math.round(ttl / 60)))).to.deep.equal([10, 1, null, 2880]);
    });

    it('stores many from an object of keys and values', async () => {
      const input = '{\n  "a": "one",\n  "key": "is a key here, too",\n  "list": [1, 2]\n}\n';
      expect(await place.run(['put', '--from', '-'], { input })).to.include({ code: 0, err: 'stored 3 entries\n' });
      expect((await place.run(['get', 'a', 'key', 'list'])).out).to.equal(
        'a\tone\nkey\tis a key here, too\nlist\t[1,2]\n',
      );
    });

    it('stores nothing if the input is broken from the start, and names the line', async () => {
      const result = await place.run(['put', '--from', '-'], { input: '{"a": oops}' });
      expect(result.code).to.equal(2);
      expect(result.err).to.match(/^error: line 1: .*\n {2}.+\n$/);
    });

    it('reports what it stored before the input broke, and exits 4', async () => {
      const lines = Array.from({ length: 5000 }, (_, index) => `{"key":"k${index}","value":${index}}`);
      const result = await place.run(['put', '--from', '-'], { input: `${lines.join('\n')}\noops` });
      expect(result.code).to.equal(4);
      const stored = Number(/stored ([\d,]+) entries, then line 5001/.exec(result.err)?.[1]?.replaceAll(',', ''));
      expect(stored).to.be.greaterThan(0);
      const last = await place.run(['get', `k${stored - 1}`, `k${stored}`]);
      expect(last.out).to.equal(`k${stored - 1}\t${stored - 1}\n`);
    });
  });
});
