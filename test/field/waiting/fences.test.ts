import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { onTwoStores } from '../../support/places.js';
import { scratchFolder } from '../../support/scratch.js';

const DAY_MS = 86_400_000;

describe('a fence after a flush, on a host whose clock is a day slow', function () {
  this.timeout(60_000);
  onTwoStores((place, driver) => {
    // The store has no other clock than the machine's.
    if (driver === 'sqlite') return;

    it('is greater than the one before', async () => {
      const script = path.join(scratchFolder('slow-clock'), 'slow.cjs');
      writeFileSync(script, `const { now } = Date; Date.now = () => now() - ${DAY_MS};`);
      const acquire = ['lock:acquire', 'import', '--ttl', '10m', '--fence', '--json'];
      const first = JSON.parse((await place.run(acquire)).out) as { fence: number; owner: string };
      expect(await place.run(['lock:release', 'import', '--owner', first.owner])).to.include({ code: 0 });
      expect(await place.run(['flush', '--yes'])).to.include({ code: 0 });
      const slow = await place.run(acquire, { env: { NODE_OPTIONS: `--require ${script}` } });
      expect((JSON.parse(slow.out) as { fence: number }).fence).to.be.greaterThan(first.fence);
    });
  });
});
