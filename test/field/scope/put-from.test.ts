import { expect } from 'chai';
import { writeFileSync } from 'node:fs';

import { onTwoStores } from '../../support/places.js';
import { scratchFolder } from '../../support/scratch.js';

describe('put --from with an export file', () => {
  onTwoStores((place, driver) => {
    const file = `${scratchFolder('put-from')}/export.ndjson`;

    it('stores nothing, and points to import', async () => {
      for (const key of ['one', 'two']) await place.run(['put', key, 'value', '--ttl', '1h']);
      expect((await place.run(['export', '--output', file])).code).to.equal(0);
      const { code, out, err } = await place.run(['put', '--from', file]);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.include('line 1: the entry has a member "expires", which put does not know');
      expect(err).to.include('cachectl import FILE');
      expect((await place.run(['keys', '--count'])).out).to.equal('2\n');
      expect((await place.run(['import', file])).code).to.equal(0);
    });

    if (driver !== 'sqlite') return;

    for (const line of [
      '{"expires":null,"key":"k","value":"v"}',
      '{"key":"k","base64":"/w=="}',
      '{"key64":"a+k=","value":"v","expires":null}',
      '{"key":"k","value":"v","tags":["t"]}',
      '{"tags64":["dOk="],"value":"v","key":"k"}',
      '{"key":"k","value":"v","note":"of somebody"}',
      '{"key":"k","stored":"YQ==","form":"redis php","expires":null}',
    ]) {
      it(`refuses ${line}`, async () => {
        const { code, err } = await place.run(['put', '--from', '-'], { input: `{"a":1}\n${line}\n` });
        expect(code).to.equal(2);
        expect(err).to.match(/line 2: the entry has a member "\w+", which put does not know/);
        expect((await place.run(['keys'])).out).to.equal('');
      });
    }

    it('still takes entries, also with key64, and maps of keys', async () => {
      const input = [
        '{"key":"k","value":"v"}',
        '{"value":[1],"ttl":60,"key":"l"}',
        '{"key64":"a+k=","value":"bytes"}',
        '{"expires":1,"tags":2}',
        '{"key":"of a map"}',
      ].join('\n');
      const { code, err } = await place.run(['put', '--from', '-'], { input });
      expect({ code, err }).to.deep.equal({ code: 0, err: 'stored 6 entries\n' });
      const keys = ['expires', 'k', String.raw`k\xe9`, 'key', 'l', 'tags'];
      expect((await place.run(['keys'])).out.split('\n').filter(Boolean).toSorted()).to.deep.equal(keys.toSorted());
    });

    it('refuses bytes that are not UTF-8, and lone surrogates', async () => {
      writeFileSync(file, Buffer.from('{"a":1}\n{"b":"caf\u00E9"}\n', 'latin1'));
      const bytes = await place.run(['put', '--from', file]);
      expect(bytes.code).to.equal(2);
      expect(bytes.err).to.include('line 2: it is not valid UTF-8');
      const half = await place.run(['put', '--from', '-'], { input: String.raw`{"\udce9":1}` });
      expect(half.code).to.equal(2);
      expect(half.err).to.include('half of a surrogate pair');
      const value = await place.run(['put', 'k', '-', '--as', 'json'], { input: Buffer.from('"caf\u00E9"', 'latin1') });
      expect(value.code).to.equal(2);
      expect(value.err).to.include('the value is not valid UTF-8');
      expect((await place.run(['put', 'k', 'caf\uFFFD'])).code).to.equal(2);
      expect((await place.run(['put', 'k', '-'], { input: Buffer.from('caf\u00E9', 'latin1') })).code).to.equal(0);
      expect((await place.run(['get', 'k', '--raw'])).outBytes.toString('latin1')).to.include('caf\u00E9');
      expect((await place.run(['keys'])).out).to.equal('k\n');
    });
  });

  describe('import with a file for put', () => {
    onTwoStores((place, driver) => {
      if (driver !== 'sqlite') return;

      it('takes its entries, and refuses its maps', async () => {
        expect((await place.run(['import', '-'], { input: '{"key":"k","value":"v","ttl":60}' })).code).to.equal(0);
        const { code, err } = await place.run(['import', '-'], { input: '{"a":1,"b":2}' });
        expect(code).to.equal(2);
        expect(err).to.include('"a" is not a member of an entry').and.include('put --from');
      });
    });
  });
});
