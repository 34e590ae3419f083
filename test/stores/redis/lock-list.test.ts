import { expect } from 'chai';

import type { ListedLock, ListLocksOptions } from '../../../src/stores/contract/locks.js';
import type { Store } from '../../../src/stores/contract/store.js';
import type { RedisServer } from '../../support/redis-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { fenceKey } from '../../../src/stores/locks/fenced-lock.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { openRedis } from '../../../src/stores/redis/store.js';
import { all, failure } from '../../../src/testing/suite/stores.js';
import { startRedis } from '../../support/redis-server.js';

/** As a glob, it would match other keys. */
const PREFIX = 'app[1]*-';
const RANDOM = '0123456789abcdeF';
const UNIQUE_JOB = String.raw`laravel_unique_job:App\Jobs\Sync:`;

describe('a list of locks on Redis', () => {
  let server: RedisServer;
  const stores: Store[] = [];

  before(async function () {
    // A server of its own: its users are changed.
    server = await startRedis(this, '--databases', '4');
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.flush();
  });

  after(async () => server?.stop());

  async function open({ codec = 'php' as 'json' | 'php', username = 'default' } = {}): Promise<Store> {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 0 } as const;
    const connection = username === 'default' ? place : { ...place, username, password: 'pw' };
    const common = { driver: 'redis', name: 'test', protected: false, connectionPrefix: '' } as const;
    const profile = { ...common, codec, prefix: PREFIX, connection };
    const store = await openRedis(profile, openCodec(codec), { timeoutMs: 5000 });
    stores.push(store);
    return store;
  }

  async function openWithout(denied: string, codec?: 'json' | 'php'): Promise<Store> {
    await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', denied]);
    return open({ ...(codec && { codec }), username: 'limited' });
  }

  /** Locks of every kind, and entries that nearly look like locks, among more entries than one step checks. */
  async function fill(): Promise<void> {
    const store = await open();
    const names = Array.from({ length: 6000 }, (_, at) => ({ key: `e:${at}`, value: string('Ann'), ttl: null }));
    await store.putMany(names);
    await store.tags(['people']).put('Ann', string('Ann'), null);
    await store.put('number', integer(7), null);
    await store.put('sixteen-digits', integer(1_234_567_890_123_456), null);
    await store.put(fenceKey('deploy'), integer(1_234_567_890_123), null);
    const values: ReadonlyArray<readonly [name: Buffer | string, value: Buffer | string]> = [
      ['deploy', newOwner()],
      ['žluť: 1', newOwner()],
      [Buffer.from([0xff, 0x00, 0x0a]), newOwner()],
      ['long', `cachectl:${'x'.repeat(2000)}`],
      ['bare', 'cachectl:'],
      ['no-owner', 'cachectl'],
      ['random', RANDOM],
      ['random-and-more', `${RANDOM}0`],
      ['not-random', RANDOM.replace('a', '-')],
      ['not-text', Buffer.alloc(16, 0xe9)],
      [`${UNIQUE_JOB}1`, 'somebody'],
      [`${UNIQUE_JOB}long`, 'y'.repeat(2000)],
      [`${UNIQUE_JOB}empty`, ''],
      [`framework/schedule-${'0af9'.repeat(10)}`, 'a host'],
      ['framework/schedule-mine', 'a host'],
      ['tag:deploy:entries', newOwner()],
      ['tag:entries', newOwner()],
      ['named:1', 'an application'],
      ['named:empty', ''],
    ];
    for (const [name, value] of values) {
      await server.client.set(Buffer.concat([Buffer.from(PREFIX), Buffer.from(name)]), value, 'EX', 600);
    }

    await server.client.rpush(`${PREFIX}${UNIQUE_JOB}list`, 'cachectl:');
    await server.client.hset(`${PREFIX}named:hash`, 'cachectl:', 'cachectl:');
    await server.client.set('app1x-deploy', newOwner());
    await server.client.set('app', newOwner());
  }

  /** The number of script calls since the reset. */
  async function scripts(): Promise<number> {
    const info = await server.client.info('commandstats');
    return Number(/cmdstat_eval:calls=(\d+)/.exec(info)?.[1] ?? 0);
  }

  const always = [
    'bare cachectl-owner',
    'deploy cachectl-owner',
    `framework/schedule-${'0af9'.repeat(10)} family`,
    `${UNIQUE_JOB}1 family`,
    `${UNIQUE_JOB}long family`,
    'long cachectl-owner',
    'tag:entries cachectl-owner',
    'žluť: 1 cachectl-owner',
    '\uDCFF\u0000\n cachectl-owner',
  ];

  for (const [what, codec, options, further] of [
    ['nothing is said', 'php', {}, ['random laravel-owner']],
    ['entries may be bare text', 'json', {}, []],
    ['a name is said', 'php', { pattern: 'named:?' }, ['random laravel-owner', 'named:1 pattern']],
    ['a name begins with a letter of many bytes', 'json', { pattern: 'ž*' }, []],
    ['a name is that of fences', 'json', { pattern: 'cachectl:*' }, []],
    ['any end is said', 'json', { pattern: '*ed:1' }, ['named:1 pattern']],
  ] as const) {
    it(`is the same by a script and in round trips, where ${what}`, async () => {
      await fill();
      await server.client.config('RESETSTAT');
      const byScript = await listed(await open({ codec }), options);
      // One call checks whether scripts see all keys; a step checks about 5000.
      expect(await scripts()).to.be.at.least(3);
      expect(byScript.map(({ name, detectedBy }) => `${name} ${detectedBy}`).toSorted()).to.deep.equal(
        [...always, ...further].toSorted(),
      );
      await server.client.config('RESETSTAT');
      const inTrips = await listed(await openWithout('-eval', codec), options);
      expect(await scripts()).to.equal(0);
      expect(untimed(byScript)).to.deep.equal(untimed(inTrips));
      for (const { ttl } of [...byScript, ...inTrips]) expect(ttl).to.be.within(1, 600);
    });
  }

  it('is the same if all are named, including entries', async () => {
    await fill();
    const options = { pattern: '*' };
    const byScript = await listed(await open(), options);
    expect(byScript).to.have.length.above(6000);
    const inTrips = await listed(await openWithout('-eval'), options);
    expect(untimed(byScript)).to.deep.equal(untimed(inTrips));
  });

  it('is read in steps of bounded size', async () => {
    const owner = `cachectl:${'x'.repeat(1000)}`;
    const names = Array.from({ length: 4000 }, (_, at) => `lock:${at}`);
    await server.client.mset(names.flatMap((name) => [PREFIX + name, owner]));
    await server.client.config('RESETSTAT');
    const found = await listed(await open());
    expect(found.map(({ name }) => name)).to.deep.equal(names.toSorted());
    // A step ends at 256 KiB, and the page that exceeds the limit has 200 keys.
    expect(await scripts()).to.be.at.least(8);
  });

  it('is empty if it may not read them', async () => {
    await fill();
    for (const denied of ['-getrange', '-pttl', '-scan']) {
      expect(await failure(listed(await openWithout(denied)))).to.be.instanceOf(RefusedError);
    }
  });
});

async function listed(store: Store, options: ListLocksOptions = {}): Promise<ListedLock[]> {
  const locks = await all(store.locks!(options));
  return locks.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The second list may be seconds later. */
function untimed(locks: readonly ListedLock[]): unknown[] {
  return locks.map(({ name, owner, detectedBy, ttl }) => ({ name, owner, detectedBy, isForever: ttl === null }));
}
