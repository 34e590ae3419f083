import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Shared, Traits } from './php-shared.js';

export function describeLocks(shared: () => Shared, { endlessLock, ownerCharacters = 3000 }: Traits): void {
  it('held by Laravel: cachectl is refused, and names the owner', async () => {
    const { theirs, run } = shared();
    const { acquired, owner } = await theirs.acquire('deploy', 600);
    expect(acquired).to.be.true;
    expect(owner).to.match(/^[\dA-Za-z]{16}$/);
    const { code, out, err } = await run(['lock:acquire', 'deploy', '--ttl', '1m']);
    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
    expect(err).to.include(owner);
    expect(await theirs.owner('deploy')).to.equal(owner);
  });

  it('held by cachectl: Laravel is refused, and sees the owner', async () => {
    const { theirs, run } = shared();
    const { code, out } = await run(['lock:acquire', 'deploy', '--ttl', '10m']);
    expect(code).to.equal(0);
    expect((await theirs.acquire('deploy', 60)).acquired).to.be.false;
    expect(await theirs.owner('deploy')).to.equal(out.trimEnd());
  });

  it("cachectl releases Laravel's lock only by its owner", async () => {
    const { theirs, run } = shared();
    const { owner } = await theirs.acquire('deploy', 600);
    const refused = await run(['lock:release', 'deploy', '--owner', 'somebody-else']);
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include(owner);
    expect(await theirs.owner('deploy')).to.equal(owner);
    expect((await run(['lock:release', 'deploy', '--owner', owner])).code).to.equal(0);
    expect(await theirs.owner('deploy')).to.be.null;
    expect(await theirs.release('deploy', owner)).to.be.false;
  });

  it("Laravel releases cachectl's lock only by its owner", async () => {
    const { theirs, run } = shared();
    const owner = (await run(['lock:acquire', 'deploy', '--ttl', '10m'])).out.trimEnd();
    expect(await theirs.release('deploy', 'somebody-else')).to.be.false;
    expect(await theirs.owner('deploy')).to.equal(owner);
    expect(await theirs.release('deploy', owner)).to.be.true;
    expect((await run(['lock:release', 'deploy', '--owner', owner])).code).to.equal(1);
  });

  it('each breaks the lock of the other', async () => {
    const { theirs, run } = shared();
    await theirs.acquire('deploy', 600);
    expect((await run(['lock:release', 'deploy', '--force', '--yes'])).code).to.equal(0);
    expect((await run(['lock:acquire', 'deploy', '--ttl', '10m'])).code).to.equal(0);
    await theirs.forceRelease('deploy');
    expect((await theirs.acquire('deploy', 600)).acquired).to.be.true;
  });

  it('a lock without a TTL lasts as long as Laravel says, or forever in cachectl', async () => {
    const { theirs, ours, run, ttl } = shared();
    const { owner } = await theirs.acquire('theirs', 0);
    const holder = await ours.lock('theirs').holder();
    expect(holder?.owner).to.equal(owner);
    if (endlessLock === null) expect(holder?.ttl).to.be.null;
    else expect(holder?.ttl).to.be.within(endlessLock - 30, endlessLock);
    expect((await run(['lock:acquire', 'theirs', '--ttl', '1m'])).code).to.equal(1);

    await run(['lock:acquire', 'ours', '--ttl', '0', '--owner', 'me']);
    expect(await ttl('ours')).to.be.null;
    expect((await theirs.acquire('ours', 60)).acquired).to.be.false;
    expect(await theirs.release('ours', 'me')).to.be.true;
  });

  it("each sees the TTL of the other's lock", async () => {
    const { theirs, ours, run, ttl } = shared();
    await theirs.acquire('theirs', 600);
    expect((await ours.lock('theirs').holder())?.ttl).to.be.within(570, 602);
    await run(['lock:acquire', 'ours', '--ttl', '10m']);
    expect(await ttl('ours')).to.be.within(570, 602);
  });

  it('any owner is the same to both', async () => {
    const { theirs, ours } = shared();
    for (const owner of ['42', '0123', 'ci job #7: "žluť"', 's:5:"owner";', 'a'.repeat(ownerCharacters)]) {
      expect((await theirs.acquire('deploy', 600, owner)).acquired).to.be.true;
      expect((await ours.lock('deploy').holder())?.owner).to.equal(owner);
      expect(await ours.lock('deploy').release(owner)).to.be.true;
      expect(await ours.lock('deploy').acquire(owner, 600)).to.be.true;
      expect(await theirs.owner('deploy')).to.equal(owner);
      expect(await theirs.release('deploy', owner)).to.be.true;
    }
  });

  it('waiting on either side ends with a release by the other', async () => {
    const { theirs, run } = shared();
    await run(['lock:acquire', 'deploy', '--ttl', '10m', '--owner', 'me']);
    const laravel = theirs.block('deploy', 600, 'laravel', 20);
    expect((await run(['lock:release', 'deploy', '--owner', 'me'])).code).to.equal(0);
    expect(await laravel).to.be.true;

    const waiting = run(['lock:acquire', 'deploy', '--ttl', '10m', '--owner', 'me', '--wait', '20s']);
    expect(await theirs.release('deploy', 'laravel')).to.be.true;
    expect((await waiting).code).to.equal(0);
    expect(await theirs.owner('deploy')).to.equal('me');
  });

  it('waiters of both take turns, and neither side starves', async function () {
    // Each turn of cachectl starts two processes. Without release notifications, turns also depend on chance.
    this.timeout(360_000);
    const { theirs, run } = shared();
    const turns = { laravel: 0, cachectl: 0 };
    const isOver = (): boolean => turns.laravel >= TURNS && turns.cachectl >= TURNS;
    let holders = 0;
    const hold = async (who: keyof typeof turns): Promise<void> => {
      holders++;
      expect(holders).to.equal(1);
      await sleep(5);
      holders--;
      turns[who]++;
    };

    const laravel = async (): Promise<void> => {
      while (!isOver()) {
        expect(await theirs.block('turns', 600, 'laravel', 180)).to.be.true;
        await hold('laravel');
        expect(await theirs.release('turns', 'laravel')).to.be.true;
      }
    };

    const cachectl = async (owner: string): Promise<void> => {
      while (!isOver()) {
        const { code } = await run(['lock:acquire', 'turns', '--ttl', '10m', '--owner', owner, '--wait', '3m']);
        expect(code).to.equal(0);
        await hold('cachectl');
        expect((await run(['lock:release', 'turns', '--owner', owner])).code).to.equal(0);
      }
    };

    await Promise.all([laravel(), cachectl('one'), cachectl('another')]);
    expect(turns.laravel).to.be.at.least(TURNS);
    expect(turns.cachectl).to.be.at.least(TURNS);
  });
}

/** Acquisitions per process. */
const TURNS = 3;
