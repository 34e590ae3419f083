import { expect } from 'chai';

import type { Place } from '../support/places.js';

import { cachectl } from '../support/cli.js';
import { onEveryStore } from '../support/places.js';

interface Told {
  readonly type: string;
  readonly key: string;
  readonly time: string;
}

function told(out: string): Told[] {
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Told);
}

function brief(out: string): string[] {
  return told(out).map(({ type, key }) => `${type} ${key}`);
}

/** Does `work` again and again until `awaited` is there. */
async function meanwhile(awaited: Promise<unknown>, work: () => Promise<unknown>): Promise<void> {
  const state = { isThere: false };
  const settled = awaited.finally(() => {
    state.isThere = true;
  });
  while (!state.isThere) await work();
  await settled;
}

/** A tail that is up: it has told of a key that was written until it did. */
async function tailing(place: Place, args: readonly string[]) {
  const tail = place.start(['events:tail', '--json', '--enable', ...args]);
  tail.child.stdin.end();
  await meanwhile(tail.saw('"probe"'), async () => place.run(['put', 'probe', '1']));
  return tail;
}

describe('events:tail', () => {
  onEveryStore((place, driver) => {
    it('tells what another process writes, forgets and lets expire, in the order of each key', async () => {
      const tail = await tailing(place, []);
      await place.run(['put', 'a', '1', '--ttl', '1']);
      await place.run(['put', 'b', '2']);
      await place.run(['forget', 'b']);
      await cachectl(['put', 'c', '3', '--url', place.url().replace('shop-cache-', 'blog-cache-')]);
      // Redis expires a key when it is looked at, or some time later.
      await meanwhile(tail.saw('KeyExpired'), async () => place.run(['get', 'a']));
      tail.child.kill('SIGINT');
      const { code, out } = await tail.ended;
      expect(code).to.equal(130);
      const lines = brief(out).filter((line) => !line.startsWith('CacheMissed'));
      expect(lines.filter((line) => line.endsWith(' a'))).to.deep.equal(['KeyWritten a', 'KeyExpired a']);
      expect(lines.filter((line) => line.endsWith(' b'))).to.deep.equal(['KeyWritten b', 'KeyForgotten b']);
      expect(lines.filter((line) => !/ (a|b|probe)$/.test(line))).to.deep.equal([]);
    });

    it('tells only the types and keys that are asked for, and ends after --limit', async () => {
      const tail = await tailing(place, [
        '--type',
        'KeyWritten',
        '--type',
        'KeyForgotten',
        '--key',
        '[pu]*',
        '--limit',
        '50',
      ]);
      for (const key of ['users:1', 'other', 'users:2']) await place.run(['put', key, '1']);
      await place.run(['forget', 'users:1']);
      await tail.saw('KeyForgotten');
      tail.child.kill('SIGTERM');
      const { code, out } = await tail.ended;
      expect(code).to.equal(4);
      expect(brief(out).filter((line) => !line.endsWith(' probe'))).to.deep.equal([
        'KeyWritten users:1',
        'KeyWritten users:2',
        'KeyForgotten users:1',
      ]);
    });

    it('ends by itself after --limit, and after --for', async () => {
      const limited = await tailing(place, ['--limit', '1']);
      const { code, out } = await limited.ended;
      expect(code).to.equal(0);
      expect(brief(out)).to.deep.equal(['KeyWritten probe']);
      expect(await place.run(['events:tail', '--enable', '--for', '1s'])).to.include({ code: 0, out: '' });
    });

    it('refuses to wait for what the store never tells', async () => {
      const { code, err } = await place.run(['events:tail', '--enable', '--type', 'CacheHit']);
      expect(code).to.equal(2);
      expect(err).to.include(`the ${driver} store does not tell CacheHit`);
    });
  });
});
