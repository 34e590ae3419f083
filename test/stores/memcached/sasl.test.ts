import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError, UnsupportedError } from '../../../src/errors.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { expectPasswordHidden } from '../../support/hidden-password.js';
import { type SaslMemcached, startSaslMemcached } from '../../support/memcached-sasl.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

describe('Memcached behind SASL', () => {
  let server: SaslMemcached;
  const stores: Store[] = [];

  function open(login: { username?: string; password?: string } = server): Store {
    const { username, password } = login;
    const given = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
    const store = openMemcached(memcachedProfile([server.port], 'p:', given), openCodec('php'), { timeoutMs: 5000 });
    stores.push(store);
    return store;
  }

  before(async function () {
    server = await startSaslMemcached(this);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  after(async () => server?.stop());

  it('refuses a wrong password on every attempt', async () => {
    const store = open({ username: server.username, password: 'wrong' });
    for (const attempt of [() => store.get('k'), () => store.put('k', string('v'), 60), () => store.get('k')]) {
      const error = await failure(attempt());
      expect(error).to.be.instanceOf(RefusedError);
      expect((error as Error).message).to.equal(`memcached 127.0.0.1:${server.port} refused the user name or password`);
    }
  });

  it('shows an accepted password nowhere', async () => {
    const { port, username, password } = server;
    await expectPasswordHidden(
      ['driver: memcached', `servers: ["127.0.0.1:${port}"]`, `username: ${username}`],
      password,
    );
  }).timeout(240_000);

  it('refuses a client without a password, whatever the environment has', async () => {
    process.env.MEMCACHIER_USERNAME = server.username;
    process.env.MEMCACHIER_PASSWORD = server.password;
    try {
      const store = open({});
      const write = await failure(store.put('k', string('v'), 60));
      expect(write).to.be.instanceOf(RefusedError);
      expect((write as Error).message).to.include('requires a user name and password (SASL)');
      const read = await failure(store.get('k'));
      expect(read).to.be.instanceOf(RefusedError);
      expect((read as RefusedError).message).to.include('SASL');
    } finally {
      delete process.env.MEMCACHIER_USERNAME;
      delete process.env.MEMCACHIER_PASSWORD;
    }
  });

  it('refuses to count below zero, which would lose the TTL, and keeps the number', async () => {
    const store = open();
    await store.put('below', integer(-5), 60);
    expect(await failure(store.increment('below', 1n))).to.be.instanceOf(UnsupportedError);
    expect(textOf(await store.get('below'))).to.equal('-5');
  });

  it('names unavailable operations, with an alternative', async () => {
    const store = open();
    for (const attempt of [
      async () => all(store.keys()),
      async () => store.flush({ scope: 'prefix', locks: false, dryRun: true }),
      async () => store.events({ signal: new AbortController().signal, enable: true }),
    ]) {
      const error = await failure(attempt());
      expect(error).to.be.instanceOf(UnsupportedError);
      expect((error as Error).message).to.match(/memcached.*behind SASL/);
      expect((error as UnsupportedError).hint).to.match(/\S/);
    }
  });

  it('names the limit of a value', async () => {
    const store = open();
    const error = await failure(store.put('big', incompressible(2 ** 21), 60));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as Error).message).to.include('1,048,576 bytes');
    expect(await store.get('big')).to.be.undefined;
  });

  describe('and a server without it', () => {
    let plain: MemcachedServer;

    before(async function () {
      plain = await startMemcached(this);
    });

    after(async () => plain?.stop());

    it('work with an unneeded password', async () => {
      const profile = memcachedProfile([plain.port], 'p:', { username: 'ann', password: 'x' });
      const store = openMemcached(profile, openCodec('php'), { timeoutMs: 5000 });
      stores.push(store);
      await store.put('k', string('v'), 60);
      expect(textOf(await store.get('k'))).to.equal('v');
    });
  });
});

/** Incompressible bytes. */
function incompressible(length: number) {
  let state = 1;
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }

  return string(bytes);
}
