import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RedisServer } from '../../support/redis-server.js';

import { seedEntries } from '../../../bench/bulk/seed-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { RedisStores } from '../../support/redis-stores.js';

const ENTRIES = 1_000_000;

/** Keys of one step at most: 25 pages of 200, and what else lies in the last bucket of each. */
const MAX_KEYS = 25 * 250;

/** In milliseconds: what a step may take, and what it sets out to take. */
const MAX_MS = 10;
const SHARE = 4;

/** Holds the server up for that share by its own clock, whatever else the machine does meanwhile. */
const YARDSTICK = `-- yardstick
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local begin = now()
repeat until now() - begin >= tonumber(ARGV[1])
return 1`;

describe('flush of a million entries on Redis', function () {
  // Seconds, but for a machine that has much else to do.
  this.timeout(300_000);
  let server: RedisServer;
  let stores: RedisStores;

  before(async function () {
    // A server of its own: its slow log is read.
    server = await startRedis(this, '--slowlog-log-slower-than', '1000', '--slowlog-max-len', '100000');
    stores = new RedisStores(server);
  });

  after(async () => {
    await stores?.close();
    await server?.stop();
  });

  /** Milliseconds, from the slow log, of the scripts that begin so. */
  async function logged(matchesFilter: (script: string) => boolean): Promise<number[]> {
    const log = (await server.client.call('SLOWLOG', 'GET', '-1')) as ReadonlyArray<
      readonly [id: number, time: number, microseconds: number, command: readonly string[]]
    >;
    const scripts = log.filter(({ 3: [name, script = ''] }) => name?.toUpperCase() === 'EVAL' && matchesFilter(script));
    return scripts.map(({ 2: microseconds }) => microseconds / 1000);
  }

  // A step is as long as the machine does not let the server run, too. So it is held against one that only watches the
  // clock, on the same server at the same time; and no step may do more than so much work, however long that takes.
  it('blocks the server for less than 10 ms at a time', async () => {
    await seedEntries(server.client, 'app-', ENTRIES);
    await server.client.call('SLOWLOG', 'RESET');
    const store = await stores.open({ timeoutMs: 60_000 });
    const done = [0];
    const flushing = { isOver: false };
    const onProgress = (progress: { done: number }): unknown => done.push(progress.done);
    const flush = store.flush({ scope: 'prefix', locks: false, dryRun: false, onProgress }).finally(() => {
      flushing.isOver = true;
    });
    while (!flushing.isOver) {
      await server.client.eval(YARDSTICK, 0, SHARE * 1000);
      // So that the flush has most of the server.
      await sleep(25);
    }

    expect(await flush).to.deep.equal({ removed: ENTRIES, keptLocks: 0 });
    const ofStep = done.slice(1).map((total, index) => total - done[index]!);
    expect(Math.max(...ofStep)).to.be.at.most(MAX_KEYS);
    const steps = await logged((script) => !script.startsWith('-- yardstick'));
    const yardsticks = await logged((script) => script.startsWith('-- yardstick'));
    expect(steps).to.have.length.within(ENTRIES / MAX_KEYS, ofStep.length + 1);
    expect(median(steps) - median(yardsticks)).to.be.below(MAX_MS - SHARE);
    expect(await server.client.dbsize()).to.equal(0);
  });
});

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!;
}
