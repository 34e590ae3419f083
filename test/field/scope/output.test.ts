import { expect } from 'chai';

import type { Place } from '../../support/places.js';

import { cachectl } from '../../support/cli.js';
import { onTwoStores } from '../../support/places.js';

/** Starts the program with its standard output on a disk that is full. */
const ON_A_FULL_DISK = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
/** With its standard output on a pipe that nobody reads. */
const ON_A_CLOSED_PIPE = ['bash', '-c', '{ "$@"; echo $? >&2; } | true; wait', 'bash'];

describe('a result that cannot be written', () => {
  onTwoStores((place, driver) => {
    it('leaves no lock', async () => {
      for (const flags of [[], ['--json'], ...(driver === 'memcached' ? [] : [['--fence']])]) {
        const args = ['lock:acquire', 'deploy', '--ttl', '1h', ...flags];
        const { code, err } = await place.run(args, { through: ON_A_FULL_DISK });
        expect(code, err).to.equal(4);
        expect(err).to.include('the owner token could not be written, so the lock was released');
        expect((await place.run(['lock:show', 'deploy'])).code).to.equal(1);
      }
    });

    it('is put back by pull with its TTL', async () => {
      for (const flags of [[], ['--json'], ['--raw']]) {
        await place.run(['put', 'k', 'v', '--ttl', '1h']);
        const { code, err } = await place.run(['pull', 'k', ...flags], { through: ON_A_FULL_DISK });
        expect(err).to.match(/^error: the value of k could not be written; it was put back\n {2}.+\n$/);
        expect(code).to.equal(4);
        await expectThere(place);
      }
    });
  });

  onTwoStores((place) => {
    it('is reported for any command', async () => {
      await place.run(['put', 'k', 'v', '--ttl', '1h']);
      const { code, err } = await place.run(['get', 'k'], { through: ON_A_FULL_DISK });
      expect(err).to.equal('error: cannot write the answer to standard output (ENOSPC)\n  Check the disk space.\n');
      expect(code).to.equal(4);
      const remember = ['remember', 'r', '--ttl', '1h', '--', 'sh', '-c', 'echo one; echo two'];
      expect((await place.run(remember, { through: ON_A_FULL_DISK })).code).to.equal(4);
      expect((await place.run(remember)).out).to.equal('one\ntwo\n');
      expect((await place.run(['lock:list', '--json'])).out).not.to.include('cachectl:remember');
    });

    it('is put back by pull if the reader has left', async () => {
      await place.run(['put', 'k', '-', '--ttl', '1h'], { input: 'x'.repeat(200_000) });
      const { err } = await place.run(['pull', 'k'], { through: ON_A_CLOSED_PIPE });
      expect(err)
        .to.include('it was put back')
        .and.match(/\n4\n$/);
      await expectThere(place);
    });
  });
});

async function expectThere(place: Place): Promise<void> {
  const { out } = await place.run(['get', 'k', '--json']);
  const { hit, ttl } = JSON.parse(out) as { hit: boolean; ttl: number };
  expect(hit).to.equal(true);
  expect(ttl).to.be.within(3000, 3600);
}

describe('help that cannot be written', () => {
  it('is a failure too', async () => {
    expect((await cachectl(['help'], { through: ON_A_FULL_DISK })).code).to.equal(4);
  });
});
