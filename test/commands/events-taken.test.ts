import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Run } from '../support/cli.js';
import type { Place } from '../support/places.js';

import { cachectl } from '../support/cli.js';
import { onTwoStores, redisPlace } from '../support/places.js';

interface EventJson {
  readonly type: string;
  readonly key: string;
  readonly source: string;
  readonly client?: string;
  readonly address?: string;
  readonly otherPrefix?: boolean;
  readonly preview?: string;
  readonly tags?: readonly string[];
}

function eventsIn(out: string): EventJson[] {
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EventJson);
}

/** Start a tail, and write a key until the tail reports it. */
async function tailing(place: Place, args: readonly string[]): Promise<Run> {
  const tail = place.start(['events:tail', '--enable', ...args]);
  tail.child.stdin.end();
  const state = { isUp: false };
  const up = tail.saw('probe').then(() => {
    state.isUp = true;
  });
  // Rethrown below.
  up.catch(() => {});
  while (!state.isUp && tail.child.exitCode === null) await place.run(['put', 'probe', '1']);
  await up;
  return tail;
}

async function endOf(place: Place, tail: Run, end = '"end"') {
  await place.run(['put', 'end', '1']);
  await tail.saw(end);
  tail.child.kill('SIGINT');
  return tail.ended;
}

describe('output of events:tail', () => {
  onTwoStores((place, driver) => {
    it('prints a line of JSON for each event of another client, once and in order', async () => {
      const tail = await tailing(place, ['--json', '--type', 'KeyWritten']);
      const keys = Array.from({ length: 50 }, (_, number) => `k:${number}`);
      for (const key of keys) await place.plant(key, Buffer.from('s:1:"v";'));
      const { out } = await endOf(place, tail);
      const written = eventsIn(out).filter(({ key }) => key !== 'probe' && key !== 'end');
      expect(written.map(({ type, key }) => `${type} ${key}`)).to.deep.equal(keys.map((key) => `KeyWritten ${key}`));
    });

    it('--values shows the current values, shortened, without reporting its own reads', async () => {
      const tail = await tailing(place, ['--json', '--values']);
      await place.run(['put', 'short', 'Ann']);
      await place.run(['put', 'long', 'x'.repeat(500)]);
      await place.run(['put', 'json', '{"a":[1,2]}', '--as', 'json']);
      const { out } = await endOf(place, tail);
      const written = eventsIn(out).filter(
        ({ type, key }) => type === 'KeyWritten' && key !== 'probe' && key !== 'end',
      );
      expect(written.map(({ key, preview }) => [key, preview])).to.deep.equal([
        ['short', 'Ann'],
        ['long', `${'x'.repeat(79)}…`],
        ['json', '{"a":[1,2]}'],
      ]);
      expect(eventsIn(out).filter(({ type }) => type === 'CacheHit')).to.deep.equal([]);
    });

    it('--exec runs a command for each event, reports failures, and continues', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-exec-'));
      const file = path.join(folder, 'log');
      const command = `cat >> ${file}; echo "$CACHECTL_EVENT_KEY"; [ "$CACHECTL_EVENT_KEY" != bad ]`;
      const tail = await tailing(place, ['--type', 'KeyWritten', '--exec', command, '--jobs', '1']);
      for (const key of ['good', 'bad', 'again']) await place.run(['put', key, '1']);
      await place.run(['put', 'end', '1']);
      await tail.saw('end');
      tail.child.kill('SIGTERM');
      const { code, out, err } = await tail.ended;
      expect(code).to.equal(4);
      expect(out.split('\n').filter((line) => line !== 'probe')).to.deep.equal(['good', 'bad', 'again', 'end', '']);
      expect(err).to.match(/the command exited with 1 for KeyWritten "bad"\n1 of \d+ commands failed\n$/);
      const events = eventsIn(readFileSync(file, 'utf8')).filter(({ key }) => key !== 'probe');
      expect(events.map(({ key }) => key)).to.deep.equal(['good', 'bad', 'again', 'end']);
      expect(new Set(events.map(({ source }) => source)).size).to.equal(1);
      rmSync(folder, { force: true, recursive: true });
    });

    it('--all-prefixes includes keys under other prefixes in full', async () => {
      const tail = await tailing(place, ['--json', '--all-prefixes', '--type', 'KeyWritten']);
      await cachectl(['put', 'c', '3', '--url', place.url().replace('shop-cache-', 'blog-cache-')]);
      const { out } = await endOf(place, tail);
      const foreign = eventsIn(out).filter((event) => event.otherPrefix === true && event.key.endsWith('c'));
      expect(foreign).to.have.lengthOf(1);
      expect(foreign[0]!.key).to.match(/blog-cache-c$/);
    });

    it('reports locks as far as the store does', async () => {
      const name = 'laravel_unique_job:import';
      const tail = await tailing(place, ['--json']);
      await place.run(['lock:acquire', name, '--ttl', '1h', '--owner', 'ann']);
      await place.run(['lock:acquire', name, '--ttl', '1h', '--owner', 'bob']);
      await place.run(['lock:release', name, '--owner', 'ann']);
      const { out } = await endOf(place, tail);
      const types = eventsIn(out)
        .filter(({ key, type }) => key === name && !type.startsWith('Cache'))
        .map(({ type }) => type);
      const supported = await place.eventTypes();
      // On MongoDB, only waiters leave a trace.
      const contended = driver === 'mongodb' ? [] : (['LockContended'] as const);
      const happened = (['LockAcquired', ...contended, 'LockReleased'] as const).filter((type) =>
        supported.includes(type),
      );
      expect(types, driver).to.deep.equal(happened);
    });
  });

  describe('on Redis by MONITOR', () => {
    const place = redisPlace();

    it('--client keeps only the events of these clients', async () => {
      const tail = await tailing(place, ['--json', '--source', 'monitor', '--client', 'cachectl']);
      const { out } = await endOf(place, tail);
      expect(eventsIn(out).every(({ client, source }) => client === 'cachectl' && source === 'monitor')).to.equal(true);
      expect(eventsIn(out)[0]!.address).to.match(/^127\.0\.0\.1:\d+$/);
      const nobody = await place.run(['events:tail', '--enable', '--client', 'nobody', '--for', '1s', '--json']);
      expect(nobody).to.include({ code: 0, out: '' });
    });

    it('--tag keeps only entries with the tag', async () => {
      const tail = place.start([
        'events:tail',
        '--enable',
        '--json',
        '--source',
        'monitor',
        '--tag',
        'people',
        '--limit',
        '1',
      ]);
      tail.child.stdin.end();
      while (tail.child.exitCode === null) {
        await place.run(['put', 'plain', '1']);
        await place.run(['put', 'tagged', '1', '--tags', 'people,staff']);
      }

      const { out } = await tail.ended;
      const [event] = eventsIn(out);
      expect(event!.tags).to.deep.equal(['people', 'staff']);
      expect(event!.key).to.match(/:tagged$/);
    });

    it('reports hits without --source', async () => {
      const tail = place.start(['events:tail', '--enable', '--json', '--type', 'CacheHit', '--limit', '1']);
      tail.child.stdin.end();
      await place.run(['put', 'a', '1']);
      while (tail.child.exitCode === null) await place.run(['get', 'a']);
      const { out, code } = await tail.ended;
      expect(code).to.equal(0);
      expect(eventsIn(out)[0]).to.include({ type: 'CacheHit', key: 'a', source: 'monitor' });
    });
  });
});
