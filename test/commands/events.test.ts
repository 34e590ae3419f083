import { expect } from 'chai';

import type { EventType } from '../../src/stores/contract/events.js';
import type { PersistentDriver, Place } from '../support/places.js';

import { EVENT_TYPES } from '../../src/stores/contract/events.js';
import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';

/** The default source of each store. */
const FIRST_SOURCES: Readonly<Record<PersistentDriver, string>> = {
  memcached: 'watch',
  mongodb: 'stream',
  redis: 'notifications',
  sqlite: 'triggers',
};

interface EventJson {
  readonly type: string;
  readonly key: string;
  readonly at: string;
}

function eventsIn(out: string): EventJson[] {
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EventJson);
}

function brief(out: string): string[] {
  return eventsIn(out).map(({ type, key }) => `${type} ${key}`);
}

function changes(out: string, key: RegExp): string[] {
  return brief(out).filter((line) => line.startsWith('Key') && key.test(line));
}

/** Repeat `work` until `awaited` settles. */
async function meanwhile(awaited: Promise<unknown>, work: () => Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const over = awaited.finally(() => {
    state.isOver = true;
  });
  // Rethrown below, once the current work is done.
  over.catch(() => {});
  while (!state.isOver) await work();
  await over;
}

/** Start a tail, and write a key until the tail reports it. */
async function tailing(place: Place, args: readonly string[]) {
  const tail = place.start(['events:tail', '--json', '--enable', ...args]);
  tail.child.stdin.end();
  await meanwhile(tail.saw('"probe"'), async () => place.run(['put', 'probe', '1']));
  return tail;
}

describe('events:tail', () => {
  onTwoStores((place, driver) => {
    let supported: readonly EventType[];
    before(async () => {
      supported = await place.eventTypes();
    });

    /** Those of the events that the store can report. */
    const reported = (happened: readonly string[]): string[] =>
      happened.filter((line) => supported.includes(line.split(' ', 1)[0] as EventType));
    it('reports writes and removals of another process in the order of each key, under its prefix only', async () => {
      const tail = await tailing(place, []);
      await place.run(['put', 'a', '1', '--ttl', '1h']);
      await place.run(['put', 'b', '2']);
      await place.run(['forget', 'b']);
      await cachectl(['put', 'c', '3', '--url', place.url().replace('shop-cache-', 'blog-cache-')]);
      await place.run(['put', 'end', '1']);
      await tail.saw('"end"');
      tail.child.kill('SIGINT');
      const { code, out } = await tail.ended;
      expect(code).to.equal(130);
      expect(changes(out, / a$/)).to.deep.equal(['KeyWritten a']);
      expect(changes(out, / b$/)).to.deep.equal(reported(['KeyWritten b', 'KeyForgotten b']));
      expect(brief(out).filter((line) => !/ (a|b|end|probe)$/.test(line))).to.deep.equal([]);
    });

    it('reports expiries if the store can, and otherwise refuses to wait for them', async () => {
      if (!supported.includes('KeyExpired')) {
        const source = ['--source', FIRST_SOURCES[driver]];
        expectFault(await place.run(['events:tail', '--enable', '--type', 'KeyExpired', ...source]), {
          code: 2,
          message: /does not report KeyExpired$/,
        });
        return;
      }

      const tail = await tailing(place, []);
      await place.run(['put', 'a', '1', '--ttl', '1']);
      // Redis expires a key when it is read, or some time later.
      await meanwhile(tail.saw('KeyExpired'), async () => place.run(['get', 'a']));
      expect(changes(tail.output(), / a$/)).to.deep.equal(['KeyWritten a', 'KeyExpired a']);
    });

    it('reports hits and misses of another process if the store can', async () => {
      const tail = await tailing(place, []);
      await place.run(['get', 'missing']);
      await place.run(['put', 'a', '1']);
      await place.run(['get', 'a']);
      await place.run(['put', 'end', '1']);
      await tail.saw('"end"');
      const lines = brief(tail.output());
      expect(lines.filter((line) => line.endsWith(' missing'))).to.deep.equal(reported(['CacheMissed missing']));
      expect(lines.filter((line) => line.endsWith(' a'))).to.deep.equal(reported(['KeyWritten a', 'CacheHit a']));
    });

    it('reports only the requested types and keys', async () => {
      const [last] = reported(['KeyForgotten users:1', 'CacheHit users:1']);
      const types = ['KeyWritten', last!.split(' ', 1)[0]!];
      const flags = types.flatMap((type) => ['--type', type]);
      const tail = await tailing(place, [...flags, '--pattern', '[pu]*', '--limit', '50']);
      for (const key of ['users:1', 'other', 'users:2']) await place.run(['put', key, '1']);
      await place.run(last!.startsWith('CacheHit') ? ['get', 'users:1'] : ['forget', 'users:1']);
      await tail.saw(types[1]!);
      tail.child.kill('SIGTERM');
      const { code, out } = await tail.ended;
      expect(code).to.equal(4);
      expect(brief(out).filter((line) => !line.endsWith(' probe'))).to.deep.equal([
        'KeyWritten users:1',
        'KeyWritten users:2',
        last,
      ]);
    });

    it('ends after --limit, and after --for', async () => {
      const limited = await tailing(place, ['--type', 'KeyWritten', '--limit', '1']);
      const { code, out } = await limited.ended;
      expect(code).to.equal(0);
      expect(brief(out)).to.deep.equal(['KeyWritten probe']);
      expect(await place.run(['events:tail', '--enable', '--for', '1s'])).to.include({ code: 0, out: '' });
    });

    it('ends silently when its reader leaves', async () => {
      const tail = await tailing(place, []);
      tail.child.stdout.destroy();
      await meanwhile(tail.ended, async () => place.run(['put', 'after', '1']));
      expect(await tail.ended).to.include({ code: 0, err: '' });
    });

    it('refuses types that a source never reports, and names those that it does', async () => {
      const unsupported = EVENT_TYPES.filter((type) => !supported.includes(type));
      const source = FIRST_SOURCES[driver];
      const types = unsupported.flatMap((type) => ['--type', type]);
      expectFault(await place.run(['events:tail', '--enable', '--source', source, ...types]), {
        code: 2,
        message: /does not report \w+( or \w+)*$/,
        // The most that it can report. Some servers lack a part.
        hint: `reports ${supported[0]}, `,
      });
      expectFault(await place.run(['events:tail', '--source', 'gossip']), {
        code: 2,
        message: `the ${driver} store has no event source named gossip`,
        hint: source,
      });
    });
  });
});
