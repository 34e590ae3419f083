import { expect } from 'chai';
import { once } from 'node:events';
import os from 'node:os';

import { onEveryStore } from '../support/places.js';

describe('lock:acquire and lock:release', () => {
  onEveryStore((place) => {
    it('prints only the owner token, which says who and where', async () => {
      const { code, out, err } = await place.run(['lock:acquire', 'deploy', '--ttl', '60']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.match(/^cachectl:[^\s@]+@[^\s:]+:\d+:[\da-f]{32}\n$/);
      expect(out).to.include(`@${os.hostname()}:`);
    });

    it('exits 1 if the lock is held, and names the holder and the time left', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '2h', '--owner', 'ann']);
      const second = await place.run(['lock:acquire', 'deploy', '--ttl', '60']);
      expect(second).to.include({ code: 1, out: '' });
      expect(second.err).to.match(/^deploy is held by ann, for another (2h|1h \d+m)\n$/);
      const { out } = await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--json']);
      expect(JSON.parse(out)).to.include({ name: 'deploy', acquired: false, owner: 'ann' });
    });

    it('is not re-entrant: the same owner is refused too', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ci']);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ci'])).code).to.equal(1);
    });

    it('releases for the owner only', async () => {
      const owner = (await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).out.trim();
      const other = await place.run(['lock:release', 'deploy', '--owner', 'somebody']);
      expect(other.code).to.equal(1);
      expect(other.err).to.include(`not yours: deploy is held by ${owner}`);
      expect(await place.run(['lock:release', 'deploy', '--owner', owner])).to.include({ code: 0, out: '', err: '' });
      expect(await place.run(['lock:release', 'deploy', '--owner', owner])).to.include({
        code: 1,
        err: 'deploy is not held: it expired or was released\n',
      });
    });

    it('breaks a lock with --force --yes, and names its holder', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann']);
      const unasked = await place.run(['lock:release', 'deploy', '--force']);
      expect(unasked.code).to.equal(2);
      expect(unasked.err).to.include('deploy is held by ann, and it never expires');
      expect(await place.run(['lock:release', 'deploy', '--force', '--yes'])).to.include({
        code: 0,
        err: 'broke deploy, which was held by ann\n',
      });
      expect((await place.run(['lock:release', 'deploy', '--force', '--yes'])).code).to.equal(1);
    });

    it('escapes control characters in an owner', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '0', '--owner', '\u001B]0;title\u0007\nsecond line']);
      const shown = String.raw`\x1b]0;title\x07\x0asecond line`;
      const taken = await place.run(['lock:acquire', 'deploy', '--ttl', '60']);
      expect(taken.err).to.equal(`deploy is held by ${shown}, and it never expires\n`);
      const broken = await place.run(['lock:release', 'deploy', '--force', '--yes']);
      expect(broken.err).to.equal(`broke deploy, which was held by ${shown}\n`);
    });

    it('waits with --wait until the lock is released', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
      const waiter = place.start(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '30s', '--owner', 'bob']);
      waiter.child.stdin.end();
      await waiter.saw('waiting for deploy: held by ann', 'err');
      await place.run(['lock:release', 'deploy', '--owner', 'ann']);
      expect(await waiter.ended).to.include({ code: 0, out: 'bob\n' });
    });

    it('waits with --wait until the lock expires', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '1', '--owner', 'ann']);
      const waiter = await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '30s', '--owner', 'bob']);
      expect(waiter).to.include({ code: 0, out: 'bob\n' });
    });

    it('gives up at the end of --wait', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '1'])).code).to.equal(1);
    });

    it('gives up on Ctrl-C while waiting, and exits 130', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
      const waiter = place.start(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '10m'], {
        env: { CACHECTL_TEST_READY: '1' },
      });
      await once(waiter.child, 'spawn');
      // The handler is installed once the store got a request. Before that, a signal simply ends the process.
      const poke = setInterval(() => waiter.child.kill('SIGINT'), 300);
      const { code, out } = await waiter.ended;
      clearInterval(poke);
      expect(out).to.equal('');
      expect(code === 130 || code === null).to.equal(true);
      expect((await place.run(['lock:release', 'deploy', '--owner', 'ann'])).code).to.equal(0);
    });

    it('allows one of many processes at a time', async () => {
      const attempts = await Promise.all(
        Array.from({ length: 6 }, async (_, index) =>
          place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', `worker-${index}`]),
        ),
      );
      expect(attempts.map(({ code }) => code).sort()).to.deep.equal([0, 1, 1, 1, 1, 1]);
    });
  });
});
