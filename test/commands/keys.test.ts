import { expect } from 'chai';

import { onTwoStores, type Place } from '../support/places.js';

describe('keys', () => {
  onTwoStores((place, driver) => {
    const tellsIdle = driver === 'redis' || driver === 'memcached';
    const namesTags = driver !== 'memcached';

    it('prints one key per line, those that match, up to --limit', async () => {
      await putAll(place, ['users:1', 'users:2', 'posts:1']);
      expect(await sortedLines(place, 'keys')).to.deep.equal(['posts:1', 'users:1', 'users:2']);
      expect(await sortedLines(place, 'keys', 'users:*')).to.deep.equal(['users:1', 'users:2']);
      expect(await sortedLines(place, 'keys', '--limit', '2')).to.have.lengthOf(2);
      expect(await place.run(['keys', 'none*'])).to.include({ code: 0, out: '', err: '' });
      expect(await place.run(['keys', 'none*', '--json'])).to.include({ code: 0, out: '[]\n' });
    });

    it('escapes line ends, in JSON too, so that get accepts every printed key', async () => {
      const key = driver === 'memcached' ? 'žluť:\u{1F40E}' : 'two\nlines\tžluť';
      await place.run(['put', key, '1']);
      const printed = key.replace('\n', String.raw`\x0a`).replace('\t', String.raw`\x09`);
      expect((await place.run(['keys'])).out).to.equal(`${printed}\n`);
      expect(JSON.parse((await place.run(['keys', '--json'])).out)).to.deep.equal([{ key: printed }]);
      expect(await place.run(['get', printed])).to.include({ code: 0, out: '1\n' });
    });

    it('counts keys', async () => {
      await putAll(place, ['users:1', 'users:2', 'posts:1']);
      await place.run(['put', 'tagged', '1', '--tags', 't']);
      expect((await place.run(['keys', '--count'])).out).to.equal('4\n');
      expect((await place.run(['keys', 'users:*', '--count'])).out).to.equal('2\n');
      expect((await place.run(['keys', '*:1', '--count', '--json'])).out).to.equal('{"count":2}\n');
    });

    it('shows type, size, TTL and tags with --long', async () => {
      await place.run(['put', 'a', '[1]', '--as', 'json', '--ttl', '10m']);
      await place.run(['put', 'b', 'text', '--tags', 'people,artists']);
      const lines = (await sortedLines(place, 'keys', '--long')).map((line) => line.split('\t'));
      const tagged = lines.find(([key]) => key!.endsWith(':b'))!;
      const plain = lines.find(([key]) => key === 'a')!;
      expect(plain[1]).to.equal('array');
      expect(Number(plain[2])).to.be.greaterThan(5);
      expect(Number(plain[3])).to.be.within(580, 600);
      expect(plain[4]).to.equal('');
      expect(tagged[1]).to.equal('string');
      expect(tagged[3]).to.equal('never');
      expect(tagged[4]).to.equal(namesTags ? 'people,artists' : '(tagged)');
      const [one] = JSON.parse((await place.run(['keys', 'a', '--long', '--json'])).out);
      expect(one).to.include({ key: 'a', type: 'array', tagged: false });
    });

    it('marks locks among the entries', async () => {
      await place.run(['put', 'a', '1']);
      await place.run(['lock:acquire', 'deploy', '--ttl', '60']);
      const listed = JSON.parse((await place.run(['keys', '--long', '--json'])).out) as Array<Record<string, unknown>>;
      const lock = listed.find(({ key }) => key === 'deploy');
      if (place.lockStorage === 'separate') expect(lock).to.be.undefined;
      else expect(lock).to.include({ type: 'lock', detectedBy: 'cachectl-owner' });
    });

    it('sorts by key, size and TTL, in both directions', async () => {
      await place.run(['put', 'b', 'x'.repeat(900), '--ttl', '10m']);
      await place.run(['put', 'a', 'x'.repeat(500), '--ttl', '1h']);
      await place.run(['put', 'c', 'x']);
      const sorted = async (...args: string[]) => (await place.run(['keys', '--sort', ...args])).out;
      expect(await sorted('key')).to.equal('a\nb\nc\n');
      expect(await sorted('key', '--reverse', '--limit', '2')).to.equal('c\nb\n');
      expect(await sorted('size')).to.equal('b\na\nc\n');
      expect(await sorted('size', '--limit', '1')).to.equal('b\n');
      expect(await sorted('ttl')).to.equal('b\na\nc\n');
      const long = JSON.parse(await sorted('size', '--long', '--limit', '1', '--json'));
      expect(long[0]).to.include({ key: 'b', type: 'string' });
    });

    it(`${tellsIdle ? 'sorts by' : 'refuses to sort by'} idle time`, async () => {
      await place.run(['put', 'a', '1']);
      const { code, out, err } = await place.run(['keys', '--sort', 'idle', '--long']);
      expect(code).to.equal(tellsIdle ? 0 : 2);
      if (tellsIdle) expect(out.trimEnd().split('\t').at(-1)).to.match(/^\d+$/);
      else expect(err).to.include('does not record idle times');
    });

    it('folds keys into a tree with entries and bytes', async () => {
      await putAll(place, ['users:1:name', 'users:2:name', 'users:2:mail', 'config']);
      const lines = (await place.run(['keys', '--tree'])).out.trimEnd().split('\n');
      const counts = lines.map((line) => line.split('\t').slice(0, 2));
      expect(counts).to.have.deep.members([
        ['users:', '3'],
        ['users:*:', '3'],
        ['users:*:name', '2'],
        ['users:*:mail', '1'],
        ['config', '1'],
      ]);
      for (const line of lines) expect(Number(line.split('\t')[2])).to.be.greaterThan(0);
      const tree = JSON.parse((await place.run(['keys', 'users:*', '--tree', '--depth', '1', '--json'])).out);
      expect(tree).to.include({ name: '', entries: 3 });
      expect(tree.branches[0]).to.include({ name: 'users:', entries: 3 });
      expect(tree.branches[0].branches).to.deep.equal([]);
    });

    // The substitute for MongoDB is slow to store many.
    const many = driver === 'mongodb' ? 10_000 : 100_000;
    it(`streams ${many} keys, and ends when the reader leaves`, async () => {
      const lines = Array.from({ length: many }, (_, number) => `{"key":"n:${number}","value":${number}}\n`);
      await place.run(['put', '--from', '-'], { input: lines.join('') });
      expect((await place.run(['keys', '--count'])).out).to.equal(`${many}\n`);
      expect(new Set((await place.run(['keys'])).out.trimEnd().split('\n')).size).to.equal(many);
      const run = place.start(['keys']);
      await run.saw('n:');
      run.child.stdout.destroy();
      expect(await run.ended).to.include({ code: 0, err: '' });
    });
  });
});

async function putAll(place: Place, keys: readonly string[]): Promise<void> {
  const input = keys.map((key) => `${JSON.stringify({ key, value: 'v' })}\n`).join('');
  const { code } = await place.run(['put', '--from', '-'], { input });
  expect(code).to.equal(0);
}

async function sortedLines(place: Place, ...args: string[]): Promise<string[]> {
  const { code, out, err } = await place.run(args);
  expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  return out.split('\n').filter(Boolean).sort();
}
