import { expect } from 'chai';

import { cachectl } from '../../support/cli.js';
import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

/** How pymemcache stores the number 7: as a pickle, according to the flags. */
const PICKLED = { flags: 1, bytes: Buffer.from('80044b072e', 'hex') };

describe('item flags of other Memcached clients', () => {
  let source: MemcachedServer;
  let target: MemcachedServer;

  before(async function () {
    source = await startMemcached(this, '-m', '64');
    target = await startMemcached(this, '-m', '64');
  });

  beforeEach(async () => {
    await source.flush();
    await target.flush();
  });

  after(async () => Promise.all([source?.stop(), target?.stop()]));

  const urlOf = ({ address }: MemcachedServer, codec: string): string => `memcached://${address}?codec=${codec}`;

  const held = async (server: MemcachedServer, key: string): Promise<string> => server.say(`get ${key}`, /END\r\n$/);

  async function storePickled(): Promise<void> {
    const { flags, bytes } = PICKLED;
    const answer = await source.say(`set p ${flags} 0 ${bytes.length}\r\n${bytes.toString('latin1')}`);
    expect(answer).to.equal('STORED\r\n');
  }

  it('are exported and imported with codec raw, as a member of the line', async () => {
    await source.say('set p 1 0 3\r\nabc');
    await source.say('set q 0 0 3\r\nabc');
    await source.say('set r 4294967295 0 2\r\n{}');
    const exported = await cachectl(['export', '--url', urlOf(source, 'raw')]);
    expect(exported.out.trim().split('\n').sort()).to.deep.equal([
      '{"key":"p","value":"abc","flags":1,"expires":null}',
      '{"key":"q","value":"abc","expires":null}',
      '{"key":"r","value":"{}","flags":4294967295,"expires":null}',
    ]);
    const imported = await cachectl(['import', '-', '--yes', '--url', urlOf(target, 'raw')], { input: exported.out });
    expect(imported.code, imported.err).to.equal(0);
    for (const key of ['p', 'q', 'r']) expect(await held(target, key)).to.equal(await held(source, key));
  });

  it('are kept if the bytes are not text', async () => {
    const { flags, bytes } = PICKLED;
    expect(bytes.toString('utf8')).to.include('\uFFFD');
    await storePickled().catch(() => {
      // In UTF-8, it has another length.
    });
    await cachectl(['put', 'p', '-', '--url', urlOf(source, 'raw')], { input: bytes });
    const exported = await cachectl(['export', '--url', urlOf(source, 'raw')]);
    const line = exported.out.replace(',"expires"', `,"flags":${flags},"expires"`);
    expect((await cachectl(['import', '-', '--yes', '--url', urlOf(target, 'raw')], { input: line })).code).to.equal(0);
    const again = await cachectl(['export', '--url', urlOf(target, 'raw')]);
    expect(again.out).to.equal(line);
  });

  it('are kept with codec json, tags, --if-absent and copy', async () => {
    await source.say('set j 2 0 5\r\n[1,2]');
    const exported = await cachectl(['export', '--url', urlOf(source, 'json')]);
    expect(exported.out).to.equal('{"key":"j","value":[1,2],"flags":2,"expires":null}\n');
    const input = exported.out;
    await cachectl(['import', '-', '--yes', '--if-absent', '--url', urlOf(target, 'json')], { input });
    expect(await held(target, 'j')).to.equal('VALUE j 2 5\r\n[1,2]\r\nEND\r\n');
    for (const more of [[], ['--if-absent']]) {
      await target.flush();
      const args = ['copy', '--yes', ...more, '--url', urlOf(source, 'raw'), '--to-url', urlOf(target, 'raw')];
      expect((await cachectl(args)).code).to.equal(0);
      expect(await held(target, 'j')).to.equal('VALUE j 2 5\r\n[1,2]\r\nEND\r\n');
    }
  });

  it("restore php-memcached's values with codec php, and are refused for anything but strings", async () => {
    await cachectl(['put', 'list', '[1,2]', '--as', 'json', '--url', urlOf(source, 'php')]);
    const exported = await cachectl(['export', '--url', urlOf(source, 'raw')]);
    expect(exported.out).to.include('"flags":4');
    const target2 = urlOf(target, 'php');
    expect((await cachectl(['import', '-', '--yes', '--url', target2], { input: exported.out })).code).to.equal(0);
    expect((await cachectl(['get', 'list', '--url', target2])).out.trim()).to.equal('[1, 2]');
    const input = '{"key":"x","value":[1],"flags":4,"expires":null}\n';
    const { code, err, out } = await cachectl(['import', '-', '--yes', '--url', target2], { input });
    expect(code).not.to.equal(0);
    expect(err + out).to.include('flags 4 are for strings only');
  });

  it('are a 32-bit number, and require a value', async () => {
    for (const [flags, message] of [
      ['-1', 'flags is not a whole number'],
      ['4294967296', 'flags is not a whole number'],
      ['"1"', 'flags is not a whole number'],
    ] as const) {
      const input = `{"key":"x","value":"v","flags":${flags}}\n`;
      const { code, err } = await cachectl(['import', '-', '--yes', '--url', urlOf(target, 'raw')], { input });
      expect(code).to.equal(2);
      expect(err).to.include(message);
    }
  });
});
