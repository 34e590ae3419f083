import { expect } from 'chai';

import { onSqlServers, onTwoStores, type PersistentDriver, type Place, sqlitePlace } from '../support/places.js';

const JOB = String.raw`laravel_unique_job:App\Jobs\Sync:42`;

function behaviour(place: Place, driver: 'mysql' | 'postgres' | PersistentDriver): void {
  const isApart = driver !== 'redis' && driver !== 'memcached';

  it('prints a line for each lock: name, owner, seconds left, family, basis, meaning', async () => {
    const owner = await acquired(place, 'deploy', '--ttl', '10m');
    await place.run(['lock:acquire', JOB, '--ttl', '0', '--owner', 'worker']);
    const { code, out, err } = await place.run(['lock:list']);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const lines = out.split('\n').filter(Boolean).sort();
    const [deploy, job] = lines.map((line) => line.split('\t'));
    expect(lines).to.have.length(2);
    expect(deploy?.slice(0, 2)).to.deep.equal(['deploy', owner]);
    expect(Number(deploy?.[2])).to.be.within(580, 600);
    expect(deploy?.[3]).to.equal('cachectl');
    expect(deploy?.[4]).to.equal(isApart ? 'place' : 'cachectl-owner');
    expect(deploy?.[5]).to.match(/^acquired by cachectl for .+@.+, process \d+$/);
    const told = isApart ? 'place' : 'family';
    const meaning = 'prevents a second Sync 42 in the queue';
    expect(job).to.deep.equal([JOB, 'worker', 'never', 'unique-job', told, meaning]);
  });

  it('prints one JSON array, also without locks', async () => {
    expect(await place.run(['lock:list', '--json'])).to.include({ code: 0, out: '[]\n' });
    const owner = await acquired(place, 'deploy', '--ttl', '0');
    const [lock, ...others] = JSON.parse((await place.run(['lock:list', '--json'])).out);
    expect(others).to.deep.equal([]);
    expect(lock).to.include({ name: 'deploy', owner, ttl: null, family: 'cachectl' });
    expect(Date.parse(lock.acquiredAt)).to.be.within(Date.now() - 60_000, Date.now() + 1000);
  });

  it('filters by name, by family, and to stuck locks', async () => {
    await acquired(place, 'deploy', '--ttl', '10m');
    await acquired(place, 'import:1', '--ttl', '0');
    await place.run(['lock:acquire', JOB, '--ttl', '0', '--owner', 'worker']);
    expect(await names(place, 'import:*')).to.deep.equal(['import:1']);
    expect(await names(place, '--family', 'unique-job')).to.deep.equal([JOB]);
    expect(await names(place, '--family', 'cachectl', '--family', 'unique-job')).to.have.length(3);
    expect(await names(place, '--stuck')).to.deep.equal(['import:1', JOB]);
    expect(await names(place, '--stuck', '--held-for', '0')).to.deep.equal(['deploy', 'import:1', JOB]);
    expect(await names(place, '--stuck', '--family', 'schedule')).to.deep.equal([]);
  });

  it("finds an application's own locks by --include, or in a separate place", async () => {
    await place.run(['lock:acquire', 'report:7', '--ttl', '60', '--owner', 'me']);
    expect(await names(place)).to.deep.equal(isApart ? ['report:7'] : []);
    expect(await names(place, '--include', 'report:*')).to.deep.equal(['report:7']);
  });

  it('releases stuck locks with lock:release --stuck --yes, and lists them', async () => {
    await acquired(place, 'deploy', '--ttl', '10m');
    await place.run(['lock:acquire', JOB, '--ttl', '0', '--owner', 'worker']);
    const dry = await place.run(['lock:release', '--stuck', '--dry-run']);
    expect(dry).to.include({ code: 0, out: '' });
    expect(dry.err).to.include(`would break ${JOB}, held by worker, and it never expires`);
    expect(await names(place)).to.have.length(2);

    const unasked = await place.run(['lock:release', '--stuck']);
    expect(unasked.code).to.equal(2);
    expect(unasked.err).to.include('breaks 1 lock');

    const released = await place.run(['lock:release', '--stuck', '--yes', '--json']);
    expect(released.code).to.equal(0);
    const [job, ...others] = JSON.parse(released.out);
    expect(others).to.deep.equal([]);
    expect(job).to.include({ name: JOB, owner: 'worker', released: true, dryRun: false });
    expect(released.err).to.include('broke 1 lock');
    expect(await names(place)).to.deep.equal(['deploy']);
    expect((await place.run(['lock:release', '--stuck', '--yes'])).code).to.equal(0);
  });
}

describe('lock:list', () => {
  onTwoStores(behaviour);
  onSqlServers(behaviour);

  describe('with control characters in a name', () => {
    const place = sqlitePlace();

    it('lock:release --stuck prints them escaped', async () => {
      const name = 'framework/command-\u001B]0;title\u0007\nsecond line';
      await place.run(['lock:acquire', name, '--ttl', '0', '--owner', 'ann']);
      const shown = String.raw`framework/command-\x1b]0;title\x07\x0asecond line`;
      const dry = await place.run(['lock:release', '--stuck', '--dry-run']);
      expect(dry.err).to.equal(`would break ${shown}, held by ann, and it never expires\nwould break 1 lock\n`);
      const { err } = await place.run(['lock:release', '--stuck', '--yes']);
      expect(err).to.include(`${shown}, held by ann`);
      expect(err).not.to.include('\u001B');
    });
  });
});

async function acquired(place: Place, name: string, ...flags: string[]): Promise<string> {
  const { code, out } = await place.run(['lock:acquire', name, ...flags]);
  expect(code).to.equal(0);
  return out.trimEnd();
}

async function names(place: Place, ...args: string[]): Promise<string[]> {
  const { out, err } = await place.run(['lock:list', ...args, '--json']);
  expect(err).to.equal('');
  return (JSON.parse(out) as Array<{ name: string }>).map(({ name }) => name).sort();
}
