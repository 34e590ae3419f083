import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';
import { scratchFolder } from '../support/scratch.js';

describe('pull', () => {
  onTwoStores((place) => {
    it('prints like get, and removes', async () => {
      await place.run(['put', 'token', 'secret', '--ttl', '1h']);
      expect(await place.run(['pull', 'token'])).to.include({ code: 0, out: 'secret\n', err: '' });
      expect(await place.run(['pull', 'token'])).to.include({ code: 1, out: '', err: 'token is not in the cache\n' });
      expect((await place.run(['get', 'token'])).code).to.equal(1);
    });

    it('prints the document of get with --json, for a hit and a miss', async () => {
      await place.run(['put', 'list', '[1,"ž"]', '--as', 'json']);
      expect((await place.run(['pull', 'list', '--json'])).out).to.equal(
        '{"key":"list","hit":true,"value":[1,"ž"],"type":"array","ttl":null}\n',
      );
      expect(await place.run(['pull', 'list', '--json'])).to.include({
        code: 1,
        out: '{"key":"list","hit":false}\n',
      });
    });

    it('keeps binary values exactly, and stored bytes with --raw', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await place.run(['put', 'binary', '-'], { input: bytes });
      expect((await place.run(['pull', 'binary', '-n'])).outBytes.equals(bytes)).to.equal(true);
      await place.run(['put', 'list', '["hello"]', '--as', 'json']);
      expect((await place.run(['pull', 'list', '--raw'])).out).to.equal('a:1:{i:0;s:5:"hello";}');
    });

    it('returns the value to one of many callers', async () => {
      await place.run(['put', 'token', 'secret']);
      const runs = await Promise.all(
        [1, 2, 3, 4].map(async () => place.run(['pull', 'token', '--default', 'none', '-n'])),
      );
      expect(runs.map(({ out }) => out).sort()).to.deep.equal(['none', 'none', 'none', 'secret']);
    });

    it('takes a tagged entry by the same tags only, and removes nothing with --dry-run', async () => {
      await place.run(['put', 'John', 'john', '--tags', 'people,artists']);
      expect((await place.run(['pull', 'John'])).code).to.equal(1);
      const args = ['pull', 'John', '--tags', 'people,artists'];
      expect(await place.run([...args, '--dry-run'])).to.include({ code: 0, out: 'john\n' });
      expect((await place.run(args)).out).to.equal('john\n');
      expect((await place.run(args)).code).to.equal(1);
    });

    it('keeps an undecodable entry, unless --raw is given', async () => {
      await place.run(['put', 'a', 'one']);
      await place.plant('odd', Buffer.from('s:9:"x";'));
      expectFault(await place.run(['pull', 'odd']), { code: 3, message: '"odd" cannot be read', hint: '--raw' });
      const odd = JSON.parse((await place.run(['pull', 'odd', '--json'])).out);
      expect(odd).to.include({ hit: true }).and.not.to.have.property('value');
      expect(await place.run(['pull', 'odd', '--raw'])).to.include({ code: 0, out: 's:9:"x";' });
      expect((await place.run(['get', 'odd'])).code).to.equal(1);
    });
  });
});

describe('pull on a protected profile', () => {
  const config = path.join(scratchFolder('protected'), 'cachectl.yaml');
  writeFileSync(config, 'profiles:\n  shop: {driver: sqlite, path: shop.sqlite, protected: true}\n');
  const run = async (...args: string[]) => cachectl([...args, '--config', config]);

  it('requires its name, and allows --dry-run', async () => {
    await run('put', 'a', '1');
    expectFault(await run('pull', 'a'), { code: 2, message: 'pull removes a', hint: '--yes --confirm shop' });
    expectFault(await run('pull', 'a', '--yes'), { code: 2, message: 'is protected', hint: '--confirm shop' });
    expect(await run('pull', 'a', '--dry-run')).to.include({ code: 0, out: '1\n' });
    expect(await run('pull', 'a', '--yes', '--confirm', 'shop')).to.include({ code: 0, out: '1\n' });
  });
});
