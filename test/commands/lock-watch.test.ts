import { expect } from 'chai';

import { until } from '../../src/testing/suite/stores.js';
import { onSqlServers, onTwoStores, type PersistentDriver, type Place, sqlitePlace } from '../support/places.js';

interface Line {
  readonly type: string;
  readonly name: string;
  readonly owner?: string;
  readonly heldFor?: number;
  readonly summary?: Array<Record<string, unknown>>;
}

function behaviour(place: Place, driver: 'mysql' | 'postgres' | PersistentDriver): void {
  it('lock:show prints the holder, the meaning and the expiry of a lock; exits 1 if it is free', async () => {
    const free = await place.run(['lock:show', 'deploy']);
    expect(free).to.include({ code: 1, out: '' });
    expect(free.err).to.include('deploy is free');
    await place.run(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann']);
    const { code, out } = await place.run(['lock:show', 'deploy']);
    expect(code).to.equal(0);
    expect(out)
      .to.match(/^owner\tann\n/m)
      .and.to.match(/^ttl\tnever\n/m);
    const shown = JSON.parse((await place.run(['lock:show', 'deploy', '--json'])).out);
    expect(shown).to.include({ name: 'deploy', held: true, owner: 'ann', ttl: null, family: 'other' });
    const shownFree = JSON.parse((await place.run(['lock:show', 'free', '--json'])).out);
    expect(shownFree).to.include({ name: 'free', held: false }).and.not.to.have.property('owner');
  });

  it('lock:show --for lists attempts to acquire it', async () => {
    await place.run(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann']);
    const waiter = place.start(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'bob', '--wait', '1h']);
    try {
      let seen = { refused: 0, contenders: [] as Array<{ owner?: string; address?: string }> };
      // The waiter may not be registered yet.
      while (seen.refused === 0) {
        const { code, out, err } = await place.run(['lock:show', 'deploy', '--for', '1', '--json']);
        expect(code, `${out}${err}`).to.equal(0);
        seen = JSON.parse(out).seen;
      }

      if (driver === 'memcached') expect(seen.contenders[0]?.address).to.match(/^127\.0\.0\.1:\d+$/);
      else expect(seen.contenders[0]?.owner).to.equal('bob');
      await until(async () =>
        /^seen\.refused\t[1-9]/m.test((await place.run(['lock:show', 'deploy', '--for', '1'])).out),
      );
    } finally {
      waiter.child.kill();
      await waiter.ended;
    }
  });

  it('lock:watch prints a line for each event, and a summary at the end', async () => {
    await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
    const watch = place.start(['lock:watch', 'deploy', 'migrate', '--json']);
    await watch.saw('"held"');
    await place.run(['lock:release', 'deploy', '--owner', 'ann']);
    await watch.saw('"released"');
    const run = place.start(['lock:run', 'migrate', '--', 'cat']);
    await watch.saw('"acquired"');
    run.child.stdin.end();
    expect((await run.ended).code).to.equal(0);
    await until(() => watch.output().split('"released"').length === 3);
    watch.child.kill('SIGINT');
    const { code, out } = await watch.ended;
    expect(code).to.equal(130);
    const lines = linesOf(out);
    const events = lines.filter(({ summary, type }) => summary === undefined && type !== 'contended');
    expect(events.map(({ type, name }) => [type, name])).to.deep.equal([
      ['held', 'deploy'],
      ['released', 'deploy'],
      ['acquired', 'migrate'],
      ['released', 'migrate'],
    ]);
    expect(events[3]?.heldFor).to.be.greaterThan(0);
    const [deploy, migrate] = lines.at(-1)!.summary!;
    expect(deploy).to.include({ name: 'deploy', acquisitions: 0 });
    expect(migrate).to.include({ name: 'migrate', acquisitions: 1 });
  });

  it('lock:watch ends after --for, and prints the summary on standard error in a pipe', async () => {
    await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
    const { code, out, err } = await place.run(['lock:watch', 'deploy', '--for', '1']);
    expect(code).to.equal(0);
    expect(out).to.match(/^\d{4}-\d\d-\d\dT\S+\theld\tdeploy\tann\t/);
    expect(err).to.include('deploy  0 acquired, 0 attempts refused');
  });

  it('lock:refresh changes the TTL for the owner only', async () => {
    await place.run(['lock:acquire', 'deploy', '--ttl', '5m', '--owner', 'ann']);
    const other = await place.run(['lock:refresh', 'deploy', '--owner', 'bob', '--ttl', '2h']);
    expect(other.code).to.equal(1);
    expect(other.err).to.include('not yours: deploy is held by ann');
    expect(await place.run(['lock:refresh', 'deploy', '--owner', 'ann', '--ttl', '2h'])).to.include({
      code: 0,
      out: '',
      err: '',
    });
    expect(JSON.parse((await place.run(['lock:show', 'deploy', '--json'])).out).ttl).to.be.within(6600, 7200);
    const { out } = await place.run(['lock:refresh', 'deploy', '--owner', 'ann', '--ttl', '0', '--json']);
    expect(JSON.parse(out)).to.deep.equal({ name: 'deploy', refreshed: true, ttl: null });
    expect((await place.run(['lock:refresh', 'free', '--owner', 'ann', '--ttl', '1m'])).code).to.equal(1);
  });

  it('--fence numbers acquisitions upward, also after a flush', async () => {
    const numbers: bigint[] = [];
    for (let time = 0; time < 3; time++) {
      const { out } = await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--fence']);
      const [owner, fence] = out.trimEnd().split(' ');
      numbers.push(BigInt(fence!));
      await place.run(['lock:release', 'deploy', '--owner', owner!]);
      if (time === 1) await place.run(['flush', '--yes']);
    }

    const script = 'echo $CACHECTL_LOCK_FENCE';
    const { out } = await place.run(['lock:run', 'deploy', '--fence', '--', 'sh', '-c', script]);
    numbers.push(BigInt(out));
    const document = await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--fence', '--json']);
    numbers.push(BigInt(/"fence":(\d+)/.exec(document.out)![1]!));
    expect(numbers).to.deep.equal([...new Set(numbers)].sort((one, other) => (one < other ? -1 : 1)));
  });
}

describe('lock:show, lock:watch, lock:refresh and --fence', () => {
  onTwoStores(behaviour);
  onSqlServers(behaviour);

  describe('in a pipe', () => {
    const place = sqlitePlace();

    it('lock:show prints waiters in full and without colours', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann']);
      const owner = `bob-${'b'.repeat(100)}`;
      const waiter = place.start(['lock:acquire', 'deploy', '--ttl', '60', '--owner', owner, '--wait', '1h']);
      let out = '';
      await until(async () => {
        ({ out } = await place.run(['lock:show', 'deploy'], { env: { TERM: 'xterm' } }));
        return out.includes('waiters.0.owner');
      });
      expect(out).to.include(`\nwaiters.0.owner\t${owner}\n`);
      expect(out).not.to.include('\u001B');
      waiter.child.kill();
      await waiter.ended;
    });
  });
});

function linesOf(out: string): Line[] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}
