import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RedisServer } from '../../support/redis-server.js';

import { seedEntries } from '../../../bench/bulk/seed-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { RedisStores } from '../../support/redis-stores.js';

const ENTRIES = 1_000_000;

/** The maximum number of keys per step: 25 pages of 200, and the rest of the last bucket of each page. */
const MAX_KEYS = 25 * 250;

/** In milliseconds: the maximum duration of a step, and its target. */
const MAX_MS = 10;
const SHARE = 4;

/** Keep the server busy for that share of time by its own clock, whatever the load of the machine. */
const YARDSTICK = `-- yardstick
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local begin = now()
repeat until now() - begin >= tonumber(ARGV[1])
return 1`;

describe('flush of a million entries on Redis', function () {
  // In seconds; generous, for a busy machine.
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

  /** Durations from the slow log, in milliseconds, of the scripts that begin like this. */
  async function logged(matchesFilter: (script: string) => boolean): Promise<number[]> {
    const log = (await server.client.call('SLOWLOG', 'GET', '-1')) as ReadonlyArray<
      readonly [id: number, time: number, microseconds: number, command: readonly string[]]
    >;
    const scripts = log.filter(({ 3: [name, script = ''] }) => name?.toUpperCase() === 'EVAL' && matchesFilter(script));
    return scripts.map(({ 2: microseconds }) => microseconds / 1000);
  }

  // A step also takes the time in which the machine does not run the server. So compare it with one that only reads the
  // clock, on the same server at the same time. And limit the work of a step, however long it takes.
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
      // So that the flush gets most of the server's time.
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
