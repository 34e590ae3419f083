import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { onTwoStores } from '../support/places.js';

describe('a reader that closes the pipe', () => {
  onTwoStores((place) => {
    // Far more than a pipe holds, of text that does not compress.
    const size = Math.min(20_000_000, (place.tooLarge ?? Number.POSITIVE_INFINITY) - 4096);
    const input = randomBytes(Math.ceil((size * 3) / 4))
      .toString('base64')
      .slice(0, size);

    for (const args of [
      ['get', 'big'],
      ['get', 'big', '--raw'],
      ['get', 'big', '--json'],
      ['get', 'big', 'big', 'big'],
    ]) {
      it(`ends ${args.join(' ')} silently`, async () => {
        expect(await place.run(['put', 'big', '-'], { input })).to.include({ code: 0, err: '' });
        const run = place.start(args);
        await once(run.child.stdout, 'data');
        run.child.stdout.destroy();
        const { code, err } = await run.ended;
        expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      });
    }

    for (const args of [
      ['get', 'a'],
      ['get', 'a', '--json'],
      ['get', 'none', '--default', '1'],
      ['flush', '--dry-run'],
      ['tags:flush', 't', '--dry-run'],
    ]) {
      it(`before any output ends ${args.join(' ')} silently`, async () => {
        await place.run(['put', 'a', '1']);
        const run = place.start(args);
        run.child.stdout.destroy();
        const { code, err } = await run.ended;
        expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      });
    }

    it('does not stop forget and flush', async () => {
      for (const args of [
        ['forget', 'a'],
        ['flush', '--yes'],
      ]) {
        await place.run(['put', 'a', '1']);
        const run = place.start(args);
        run.child.stdout.destroy();
        expect((await run.ended).code).to.equal(0);
        expect((await place.run(['get', 'a'])).code).to.equal(1);
      }
    });

    for (const json of [[], ['--json']]) {
      it(`before it has the token makes lock:acquire release the lock${json.join('')}`, async () => {
        const run = place.start(['lock:acquire', 'deploy', '--ttl', '0', ...json]);
        run.child.stdout.destroy();
        const { code, err } = await run.ended;
        expect(code).to.equal(4);
        expect(err).to.equal(
          json.length > 0
            ? ''
            : 'error: the owner token could not be written, so the lock was released\n  Keep standard output open.\n',
        );
        expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
      });
    }
  });
});
