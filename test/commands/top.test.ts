import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EventType } from '../../src/stores/contract/events.js';
import type { Run } from '../support/cli.js';

import { expectFault } from '../support/faults.js';
import { onSqlServers, onTwoStores, type PersistentDriver, type Place } from '../support/places.js';

interface Counts {
  readonly events: number;
  readonly perSecond: number;
  readonly hits: number;
  readonly misses: number;
  readonly hitRatio?: number;
  readonly writes: number;
}

interface Summary {
  readonly source: string;
  readonly seconds: number;
  readonly leftOut: number;
  readonly totals: Counts;
  readonly by: string;
  readonly rows: ReadonlyArray<Counts & { readonly name: string }>;
}

/** Use the cache until the run ends. */
async function busy(place: Place, run: Run): Promise<string> {
  run.child.stdin.end();
  const state = { isOver: false };
  const ended = run.ended.finally(() => {
    state.isOver = true;
  });
  // A source that polls sees only changes.
  for (let round = 1; !state.isOver; round++) {
    await Promise.all([
      place.run(['put', '--from', '-'], { input: `{"users:1":"Ann ${round}","users:2":"Bob ${round}"}` }),
      place.run(['get', 'users:1', 'users:none', 'orders:none']),
    ]);
    // Leave the CPU to other tests.
    await sleep(300);
  }

  const { code, out, err } = await ended;
  expect(code, err).to.equal(0);
  return out;
}

function behaviour(place: Place, driver: 'mysql' | 'postgres' | PersistentDriver): void {
  /** On a busy machine a short run may see nothing, and a poll sees a key only if it changed between two polls. */
  async function untilSeen(args: readonly string[], isSeen: (out: string) => boolean): Promise<string> {
    for (let seconds = 4; ; seconds *= 4) {
      const out = await busy(place, place.start(['top', '--for', `${seconds}s`, '--enable', ...args]));
      if (isSeen(out) || seconds > 16) return out;
    }
  }

  async function summaryOf(args: readonly string[], isSeen: (summary: Summary) => boolean): Promise<Summary> {
    const out = await untilSeen(['--json', ...args], (text) => isSeen(JSON.parse(text) as Summary));
    expect(out.trim().split('\n')).to.have.length(1);
    return JSON.parse(out) as Summary;
  }

  it('counts by key, and the total is the sum', async () => {
    const { totals, rows, by, seconds, leftOut } = await summaryOf([], (summary) =>
      ['users:1', 'users:2'].every((key) => summary.rows.some(({ name, writes }) => name === key && writes > 0)),
    );
    expect({ by, leftOut }).to.deep.equal({ by: 'key', leftOut: 0 });
    expect(seconds).to.be.at.least(3.9);
    const names = rows.map(({ name }) => name);
    expect(names).to.include.members(['users:1', 'users:2']);
    expect(rows.reduce((sum, { events }) => sum + events, 0)).to.equal(totals.events);
    expect(rows.reduce((sum, { writes }) => sum + writes, 0)).to.equal(totals.writes);
    expect(totals.writes).to.be.greaterThan(0);
    expect(totals.perSecond).to.be.closeTo(totals.events / seconds, 0.01);
    if (driver === 'mysql' || driver === 'postgres') expect(totals).not.to.have.property('hitRatio');
  });

  it('refuses what it cannot count', async () => {
    expectFault(await place.run(['top', '--source', 'gossip', '--for', '1s']), {
      code: 2,
      message: `the ${driver} store has no event source named gossip`,
    });
  });

  // The other cases do not depend on the server.
  if (driver === 'mysql' || driver === 'postgres') return;

  it('shows the hit ratio by key family if the store reports hits', async () => {
    const showsHits = driver !== 'sqlite' && driver !== 'mongodb';
    const { totals, rows } = await summaryOf(
      ['--by', 'prefix', '--sort', 'writes'],
      (summary) => summary.totals.writes > 0 && (!showsHits || (summary.rows[0]!.hits > 0 && summary.rows.length > 1)),
    );
    expect(rows[0]!.name).to.equal('users:*');
    if (!showsHits) {
      expect(totals).not.to.have.property('hitRatio');
      return;
    }

    const users = rows[0]!;
    expect(users.hits).to.be.greaterThan(0);
    expect(users.hitRatio).to.be.closeTo(users.hits / (users.hits + users.misses), 0.001);
    expect(rows.find(({ name }) => name === 'orders:*')).to.include({ hits: 0, hitRatio: 0 });
  });

  it('prints lines in a pipe, up to the limit', async () => {
    const out = await untilSeen(['--limit', '1', '--by', 'type'], (text) => text !== '');
    const [name, events] = out.split('\t');
    expect(name).to.be.oneOf(['CacheHit', 'CacheMissed', 'KeyWritten'] satisfies EventType[]);
    expect(Number(events)).to.be.greaterThan(0);
    expect(out.trim().split('\n')).to.have.length(1);
  });
}

describe('top', () => {
  onTwoStores(behaviour);
  onSqlServers(behaviour);
});
