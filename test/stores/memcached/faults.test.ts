import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import type { MemcachedProfile } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { PartialError, RefusedError, UnansweredError, UnreachableError } from '../../../src/errors.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';
import { freePort } from '../../support/redis-server.js';

const PREFIX_ONLY = { scope: 'prefix', locks: false, dryRun: false } as const;

describe('a failing Memcached', () => {
  const stores: Store[] = [];

  function open(ports: readonly number[], timeoutMs = 20_000, more: Partial<MemcachedProfile> = {}): Store {
    const store = openMemcached(memcachedProfile(ports, 'p:', more), openCodec('php'), { timeoutMs });
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  /** Every operation on one key. */
  function attempts(store: Store, key: string): ReadonlyArray<() => Promise<unknown>> {
    return [
      () => store.get(key),
      () => store.put(key, string('v'), 60),
      () => store.putMany([{ key, value: string('v'), ttl: 60 }]),
      () => store.add(key, string('v'), 60),
      () => store.increment(key, 1n),
      () => store.touch(key, 60),
      () => store.forget([key]),
      () => store.pull(key),
      () => store.lock(key).acquire('ann', 60),
      () => store.lock(key).release('ann'),
      () => store.lock(key).forceRelease(),
      () => store.lock(key).holder(),
    ];
  }

  it('is named if it is not there, for every operation', async () => {
    const port = await freePort();
    const store = open([port]);
    for (const attempt of attempts(store, 'k')) await names(attempt, port);
    await names(() => all(store.keys()), port);
    await names(() => store.flush(PREFIX_ONLY), port);
    await names(() => store.flush({ ...PREFIX_ONLY, scope: 'all' }), port);
    await names(() => store.tags(['t']).get('k'), port);
    await names(() => store.tags(['t']).flush({ dryRun: true }), port);
    await names(() => store.events({ signal: new AbortController().signal, enable: true }), port);
    const [reading] = await store.many(['k']);
    expect(reading).to.be.instanceOf(UnreachableError);
  });

  describe('in a pool of three', () => {
    const servers: MemcachedServer[] = [];
    let store: Store;
    let lost: string[];
    let kept: string[];

    before(async function () {
      while (servers.length < 3) servers.push(await startMemcached(this, '-m', '64'));
      store = openMemcached(
        memcachedProfile(
          servers.map(({ port }) => port),
          'p:',
        ),
        openCodec('php'),
        { timeoutMs: 20_000 },
      );
      const keys = Array.from({ length: 60 }, (_, index) => `k:${index}`);
      await store.putMany(keys.map((key) => ({ key, value: string(key), ttl: null })));
      await servers[1]!.kill();
      const readings = await store.many(keys);
      lost = keys.filter((_, index) => readings[index] instanceof Error);
      kept = keys.filter((_, index) => !(readings[index] instanceof Error));
    });

    after(async () => {
      await store?.close();
      await Promise.all(servers.map((server) => server.stop()));
    });

    it('is named for its keys', async () => {
      expect(lost).not.to.be.empty;
      for (const attempt of attempts(store, lost[0]!)) await names(attempt, servers[1]!.port);
      for (const reading of await store.many(lost)) {
        expect(reading).to.be.instanceOf(UnreachableError);
        expect((reading as Error).message).to.include(`127.0.0.1:${servers[1]!.port}`);
      }
    });

    it('does not affect the others', async () => {
      expect(kept).not.to.be.empty;
      for (const key of kept) expect(textOf(await store.get(key))).to.equal(key);
      const [key] = kept;
      await store.put(key!, string('new'), 60);
      expect(textOf(await store.pull(key!))).to.equal('new');
      expect(await store.lock(key!).acquire('ann', 60)).to.be.true;
      expect(await store.lock(key!).release('ann')).to.be.true;
    });

    it('is reported before a flush or a listing', async () => {
      for (const options of [PREFIX_ONLY, { ...PREFIX_ONLY, scope: 'all' } as const]) {
        await names(() => store.flush(options), servers[1]!.port);
      }

      await names(() => all(store.keys()), servers[1]!.port);
      const readings = await store.many(kept.slice(1));
      expect(readings.every((reading) => reading !== undefined && !(reading instanceof Error))).to.be.true;
    });

    it('keeps the writes of the others acknowledged, and reports how many', async () => {
      let done = -1;
      const entries = [...kept, ...lost].map((key) => ({ key, value: string('again'), ttl: null }));
      const error = await failure(
        store.putMany(entries, {
          onProgress(progress) {
            done = progress.done;
          },
        }),
      );
      expect(error).to.be.instanceOf(UnreachableError);
      expect(done).to.equal(kept.length);
    });

    it('keeps the removals of the others, and names those that failed', async () => {
      const [here] = kept.slice(-1);
      const [there] = lost;
      const error = await failure(store.forget([here!, there!, 'nowhere']));
      expect(error).to.be.instanceOf(PartialError);
      expect((error as Error).message).to.match(new RegExp(`^forgot [12] of 3 keys, not "${there}"`));
      expect((error as Error).message).to.include(`127.0.0.1:${servers[1]!.port}`);
      expect(await store.get(here!)).to.be.undefined;
    });

    it('keeps the tag flushes of the others, and names those that failed', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `tag${index}`);
      const answers = await Promise.all(
        names.map(async (name) =>
          store
            .tags([name])
            .get('k')
            .catch((error: unknown) => error),
        ),
      );
      const here = names.find((_, index) => !(answers[index] instanceof Error))!;
      const there = names.find((_, index) => answers[index] instanceof Error)!;
      await store.put(`tag:${here}:key`, string('an id'), null);
      const error = await failure(store.tags([here, there]).flush({ dryRun: false }));
      expect(error).to.be.instanceOf(PartialError);
      expect((error as Error).message).to.match(new RegExp(`^flushed 1 of 2 tags, not "${there}"`));
      expect(textOf(await store.get(`tag:${here}:key`))).to.not.equal('an id');
    });
  });

  describe('that falls silent, dies or comes back', () => {
    let server: MemcachedServer;

    beforeEach(async function () {
      server = await startMemcached(this, '-m', '64');
    });

    afterEach(async () => server.stop());

    it('times out, and is reconnected', async () => {
      const store = open([server.port], 2000);
      await store.put('k', string('v'), 60);
      await store.get('k');
      await server.pause();
      const attempts = [store.get('k'), store.put('k', string('w'), 60), store.lock('l').release('ann')];
      const errors = await Promise.all(attempts.map(async (attempt) => failure(attempt)));
      // The requests were sent, so they may still take effect.
      for (const error of errors) expect(error).to.be.instanceOf(UnansweredError);
      server.resume();
      await store.put('k', string('after'), 60);
      expect(textOf(await store.get('k'))).to.equal('after');
    });

    it('can be closed while it is silent', async () => {
      const store = open([server.port]);
      await store.get('k');
      await server.pause();
      const waiting = [failure(store.get('k')), failure(store.put('k', string('v'), 60)), failure(all(store.keys()))];
      await store.close();
      for (const error of await Promise.all(waiting)) expect(error).to.be.instanceOf(UnreachableError);
    });

    it('is a lost connection if it dies before it answers', async () => {
      const store = open([server.port]);
      await store.put('k', string('v'), 60);
      await store.get('k');
      await server.pause();
      const waiting = [failure(store.get('k')), failure(store.put('k', string('v'), 60))];
      await server.kill();
      for (const error of await Promise.all(waiting)) expect(error).to.be.instanceOf(UnreachableError);
    });
  });

  describe('that is none', () => {
    let server: Server | undefined;
    const sockets: Socket[] = [];

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server?.close();
    });

    /** Answer every request after the greeting like this, in the text protocol. */
    async function serve(
      answer: Buffer | string,
      then?: 'end',
      { greeting = 'VERSION 1.6.18\r\nMN\r\n', ...more }: Partial<MemcachedProfile> & { greeting?: string } = {},
    ): Promise<Store> {
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => socket.destroy());
        socket.on('data', (request) => {
          if (request.toString().startsWith('version')) socket.write(greeting);
          else if (then === 'end') socket.end(answer);
          else socket.write(answer);
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return open([(server.address() as AddressInfo).port], 2000, more);
    }

    const HTTP = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n';

    for (const [what, answer, then, kind] of [
      ['speaks HTTP', HTTP, undefined, RefusedError],
      ['answers with nonsense', '\0\u0001\u0002nonsense\r\n', undefined, RefusedError],
      ['names a value with an invalid length', 'VA 99999999999 f0 t-1 c1\r\n', undefined, RefusedError],
      ['names no flags', 'VA 1\r\nx\r\n', undefined, RefusedError],
      ['never ends its line', 'x'.repeat(20_000), undefined, RefusedError],
      ['ends after half a line', 'VA 10 f0', 'end', UnreachableError],
      ['ends after half a value', 'VA 10 f0 t-1 c1\r\nabc', 'end', UnreachableError],
      ['says half a line and no more', 'VA 10 f0', undefined, UnansweredError],
      ['says no', 'SERVER_ERROR temporary failure\r\n', undefined, RefusedError],
    ] as const) {
      it(`is refused or times out if it ${what}, with the text protocol`, async () => {
        const store = await serve(answer, then);
        expect(await failure(store.get('k'))).to.be.instanceOf(kind);
        expect(await failure(all(store.keys()))).to.be.instanceOf(kind);
      });
    }

    for (const [what, answer, then, kind] of [
      ['speaks HTTP', HTTP, undefined, RefusedError],
      ['speaks text only', 'ERROR\r\n', undefined, RefusedError],
      ['says that a body is shorter than its parts', frame({ keyLength: 9, body: 3 }), undefined, RefusedError],
      ['says that a body is longer than can be', frame({ keyLength: 0, body: 2 ** 32 - 1 }), undefined, RefusedError],
      ['ends after half a frame', frame({ keyLength: 0, body: 0 }).subarray(0, 10), 'end', UnreachableError],
      ['says half a frame and no more', frame({ keyLength: 0, body: 0 }).subarray(0, 10), undefined, UnansweredError],
      ['answers what was not asked', frame({ keyLength: 0, body: 0, opaque: 77 }), undefined, UnansweredError],
    ] as const) {
      it(`is refused or times out if it ${what}, with the binary protocol`, async () => {
        const store = await serve(answer, then, { protocol: 'binary' });
        const attempts = [store.put('k', string('v'), 60), store.forget(['k'])];
        const errors = await Promise.all(attempts.map(async (attempt) => failure(attempt)));
        for (const error of errors) expect(error).to.be.instanceOf(kind);
      });
    }

    for (const [what, greeting, message] of [
      ['too old', 'VERSION 1.5.22\r\nERROR\r\n', '1.5.22, which is too old'],
      ['something else', '220 mail ESMTP\r\n', 'does not speak the Memcached protocol'],
      ['full', 'ERROR Too many open connections\r\n', 'has reached its client limit'],
      ['one that wants its own login', 'CLIENT_ERROR unauthenticated\r\n', 'authentication'],
    ] as const) {
      it(`is refused if it is ${what}`, async () => {
        const store = await serve('', undefined, { greeting });
        const error = await failure(store.get('k'));
        expect(error).to.be.instanceOf(RefusedError);
        expect((error as Error).message).to.include(message);
      });
    }
  });
});

/** Expect an error that names the server on this port. */
async function names(attempt: () => Promise<unknown>, port: number): Promise<void> {
  const error = await failure(attempt());
  expect(error).to.be.instanceOf(UnreachableError);
  expect((error as Error).message).to.include(`127.0.0.1:${port}`);
}

/** The header of an answer by the binary protocol. */
function frame({ keyLength, body, opaque = 1 }: { keyLength: number; body: number; opaque?: number }): Buffer {
  const bytes = Buffer.alloc(24);
  bytes[0] = 0x81;
  bytes.writeUInt16BE(keyLength, 2);
  bytes.writeUInt32BE(body, 8);
  bytes.writeUInt32BE(opaque, 12);
  return bytes;
}
