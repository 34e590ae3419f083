import { expect } from 'chai';

import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';

describe('an undecodable value', () => {
  onTwoStores((place) => {
    for (const [what, bytes, offset] of [
      ['serialize, cut short', Buffer.from('a:2:{s:4:"name";s:3:"An'), /at byte \d+ of 23$/],
      ['a length that is not true', Buffer.from('s:9:"x";'), /at byte \d+ of 8$/],
      [
        'igbinary, with a semicolon in it',
        Buffer.from('00000002140111046e616d651103416e3b', 'hex'),
        /at byte \d+ of \d+$/,
      ],
      ['nothing that is known', Buffer.from('hello; it is: me'), /at byte 0 of 16$/],
    ] as const) {
      it(`${what}: the error says where, and --raw prints it`, async () => {
        await place.run(['put', 'a', 'one']);
        await place.plant('bad', bytes);
        const result = await place.run(['get', 'bad']);
        expectFault(result, { code: 3, message: offset, hint: '`get --raw` prints the stored bytes as they are.' });
        expect(result.err).to.match(/^error: "bad" cannot be read: /);
        const raw = await place.run(['get', 'bad', '--raw']);
        expect({ code: raw.code, err: raw.err }).to.deep.equal({ code: 0, err: '' });
        expect(raw.outBytes.toString('hex')).to.equal(bytes.toString('hex'));
      });
    }

    it('can be among decodable values', async () => {
      await place.run(['put', 'a', 'one']);
      await place.run(['put', 'b', 'two']);
      await place.plant('bad', Buffer.from('s:9:"x";'));
      const result = await place.run(['get', 'a', 'bad', 'b']);
      expectFault(result, { code: 3, message: '"bad" cannot be read', hint: '--raw', out: 'a\tone\nb\ttwo\n' });
      const { code, out, err } = await place.run(['get', 'a', 'bad', 'b', '--json']);
      expect({ code, err }).to.deep.equal({ code: 3, err: '' });
      const [a, bad, b] = JSON.parse(out) as [object, { error: object }, object];
      expect(a).to.include({ key: 'a', value: 'one' });
      expect(a).not.to.have.property('error');
      expect(bad).to.include({ key: 'bad', hit: true }).and.not.to.include.any.keys('value', 'type');
      expect(bad.error).to.include({ code: 'undecodable' }).and.to.have.keys('code', 'message', 'hint');
      expect(b).to.include({ key: 'b', value: 'two' });
    });

    it('can be forgotten and overwritten', async () => {
      await place.run(['put', 'a', 'one']);
      await place.plant('bad', Buffer.from('s:9:"x";'));
      expect((await place.run(['put', 'bad', 'good'])).code).to.equal(0);
      expect((await place.run(['get', 'bad'])).out).to.equal('good\n');
      await place.run(['forget', 'bad']);
      await place.plant('bad', Buffer.from('s:9:"x";'));
      expect((await place.run(['forget', 'bad'])).code).to.equal(0);
    });
  });
});
