import Database from 'better-sqlite3';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { fileURLToPath } from 'node:url';

import type { Place } from '../support/places.js';

import { expectFault } from '../support/faults.js';
import { onEveryStore } from '../support/places.js';

const FOREVER = 4_102_444_800;

/** Stores bytes as they are, behind the back of the program. */
async function plant(place: Place, key: string, bytes: Buffer): Promise<void> {
  const url = new URL(place.url());
  if (url.protocol === 'sqlite:') {
    const database = new Database(fileURLToPath(`file://${url.pathname}`));
    database
      .prepare('INSERT INTO cache (key, value, expiration) VALUES (?, CAST(? AS TEXT), ?)')
      .run(place.prefix + key, bytes, FOREVER);
    database.close();
    return;
  }

  const client = new Redis(Number(url.port || 6379), url.hostname, { protocol: 2 });
  await client.set(`shop-database-${place.prefix}${key}`, bytes);
  client.disconnect();
}

describe('a value that cannot be read', () => {
  onEveryStore((place) => {
    for (const [what, bytes, offset] of [
      ['serialize, cut short', Buffer.from('a:2:{s:4:"name";s:3:"An'), /at byte \d+ of 23$/],
      ['a length that is not true', Buffer.from('s:9:"x";'), /at byte \d+ of 8$/],
      ['igbinary', Buffer.from('00000002140111046e616d651103416e6e', 'hex'), /at byte \d+ of \d+$/],
      ['nothing that is known', Buffer.from('hello; it is: me'), /at byte 0 of 16$/],
    ] as const) {
      it(`is ${what}: says where, and --raw prints it`, async () => {
        await place.run(['put', 'a', 'one']);
        await plant(place, 'bad', bytes);
        const result = await place.run(['get', 'bad']);
        expectFault(result, { code: 3, message: offset, hint: '`get --raw` prints the stored bytes as they are.' });
        expect(result.err).to.match(/^error: "bad" cannot be read: /);
        const raw = await place.run(['get', 'bad', '--raw']);
        expect({ code: raw.code, err: raw.err }).to.deep.equal({ code: 0, err: '' });
        expect(raw.outBytes.toString('hex')).to.equal(bytes.toString('hex'));
      });
    }

    it('stands among others that are', async () => {
      await place.run(['put', 'a', 'one']);
      await place.run(['put', 'b', 'two']);
      await plant(place, 'bad', Buffer.from('s:9:"x";'));
      const result = await place.run(['get', 'a', 'bad', 'b']);
      expectFault(result, { code: 3, message: '"bad" cannot be read', hint: '--raw', out: 'a\tone\nb\ttwo\n' });
      const { code, out, err } = await place.run(['get', 'a', 'bad', 'b', '--json']);
      expect({ code, err }).to.deep.equal({ code: 3, err: '' });
      const [a, bad, b] = JSON.parse(out) as [object, { error: object }, object];
      expect(a).to.include({ key: 'a', value: 'one' });
      expect(a).not.to.have.property('error');
      expect(bad).to.include({ key: 'bad', hit: true, value: null, type: null });
      expect(bad.error).to.include({ code: 'undecodable' }).and.to.have.keys('code', 'message', 'hint');
      expect(b).to.include({ key: 'b', value: 'two' });
    });

    it('can be forgotten, and written over', async () => {
      await place.run(['put', 'a', 'one']);
      await plant(place, 'bad', Buffer.from('s:9:"x";'));
      expect((await place.run(['put', 'bad', 'good'])).code).to.equal(0);
      expect((await place.run(['get', 'bad'])).out).to.equal('good\n');
      await place.run(['forget', 'bad']);
      await plant(place, 'bad', Buffer.from('s:9:"x";'));
      expect((await place.run(['forget', 'bad'])).code).to.equal(0);
    });
  });
});
