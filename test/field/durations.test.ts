import { expect } from 'chai';

import type { PersistentDriver, Place } from '../support/places.js';

import { expectFault } from '../support/faults.js';
import { onTwoStores } from '../support/places.js';

/** Stores that count whole seconds: Memcached itself, and SQLite by the layout of Laravel's table. */
const IN_SECONDS: ReadonlySet<PersistentDriver> = new Set(['memcached', 'sqlite']);

function takesMilliseconds(place: Place, driver: PersistentDriver): void {
  const lock = ['lock:acquire', 'deploy', '--owner', 'ann'];

  if (IN_SECONDS.has(driver)) {
    for (const command of [
      [...lock, '--ttl', '1500ms'],
      ['lock:refresh', 'deploy', '--owner', 'ann', '--ttl', '1.5s'],
      ['lock:run', 'deploy', '--ttl', '3500ms', '--', 'echo', 'ran'],
    ]) {
      it(`refuses a TTL that it cannot keep: ${command.join(' ')}`, async () => {
        const hint = command[0] === 'lock:run' ? '--ttl 4s' : '--ttl 2s';
        expectFault(await place.run(command), { code: 2, message: 'counts whole seconds', hint });
        expect(await place.run(['lock:release', 'deploy', '--force', '--yes'])).to.include({ code: 1 });
      });
    }

    it('refuses to keep a lock of a second, which may expire earlier', async () => {
      const message = 'could expire before it is renewed';
      const run = ['lock:run', 'deploy', '--ttl', '1s', '--', 'echo', 'ran'];
      expectFault(await place.run(run), { code: 2, message, hint: '--ttl 2s' });
    });
  } else {
    it('holds a lock for milliseconds and no longer', async () => {
      expect(await place.run([...lock, '--ttl', '1200ms'])).to.include({ code: 0 });
      // Nobody releases it.
      const { code } = await place.run(['lock:acquire', 'deploy', '--ttl', '10m', '--wait', '10m', '--owner', 'bob']);
      expect(code).to.equal(0);
      const refresh = ['lock:refresh', 'deploy', '--owner', 'bob', '--ttl', '1500ms', '--json'];
      expect(JSON.parse((await place.run(refresh)).out)).to.include({ refreshed: true, ttl: 1.5 });
      const { out } = await place.run([...lock, '--ttl', '600500ms', '--wait', '10m', '--json']);
      expect(JSON.parse(out)).to.include({ acquired: true, ttl: 600.5 });
    });

    it('runs a command under a lock of a second, and refuses a TTL that leaves no time to renew it', async () => {
      const run = ['lock:run', 'deploy', '--on-lost', 'warn', '--ttl'];
      expect(await place.run([...run, '1s', '--', 'echo', 'ran'])).to.include({ code: 0, out: 'ran\n' });
      const message = 'could expire before it is renewed';
      expectFault(await place.run([...run, '50ms', '--', 'echo', 'ran']), { code: 2, message, hint: '--ttl 100ms' });
    });

    it('runs a command under a lock whose TTL has milliseconds', async () => {
      const run = ['lock:run', 'deploy', '--ttl', '3500ms', '--grace', '500ms', '--', 'echo', 'ran'];
      expect(await place.run(run)).to.include({ code: 0, out: 'ran\n' });
    });
  }

  it('waits for milliseconds', async () => {
    expect(await place.run([...lock, '--ttl', '10m'])).to.include({ code: 0 });
    const wait = ['--ttl', '10m', '--wait', '700ms', '--timeout', '4500ms'];
    expect(await place.run(['lock:acquire', 'deploy', ...wait])).to.include({ code: 1, out: '' });
  });

  it('counts TTLs of entries in whole seconds, like an application', async () => {
    expectFault(await place.run(['put', 'k', 'v', '--ttl', '1500ms']), {
      code: 2,
      message: '"1500ms" is not a whole number of seconds',
      hint: 'Use 2s',
    });
    expect(await place.run(['put', 'k', 'v', '--ttl', '1.5h'])).to.include({ code: 0 });
    const { out } = await place.run(['get', 'k', '--json']);
    // Memcached behind SASL does not report it.
    expect((JSON.parse(out) as { ttl?: number }).ttl ?? Infinity).to.be.above(4800);
  });
}

describe('durations with milliseconds', function () {
  this.timeout(60_000);
  onTwoStores(takesMilliseconds);
});
