import { expect } from 'chai';

import type { Result } from '../support/cli.js';

import { mysqlPlace, onEveryStore, type Place, postgresPlace } from '../support/places.js';
import { type History, LOST, Torture } from './torture.js';

const PROCESSES = 32;

/** Set CACHECTL_TORTURE_SECONDS=600 for longer: rare races need time. */
const SECONDS = Number(process.env.CACHECTL_TORTURE_SECONDS ?? 6);

describe(`a lock with ${PROCESSES} contending processes, some killed and suspended`, () => {
  onEachStore((place) => {
    let torture: Torture;
    let afterwards: Result;

    // In beforeEach, because each case gets an empty store. Only the first case fills it; the others check the
    // result.
    beforeEach(async function () {
      if (torture !== undefined) return;
      // The last process waits for all others.
      this.timeout((SECONDS + 300) * 1000);
      torture = new Torture(place.url());
      await torture.run(PROCESSES, SECONDS * 1000);
      // Locks of killed processes expire.
      afterwards = await place.run(['lock:run', 'torture', '--wait', '1m', '--', 'true']);
    });

    after(() => torture?.remove());

    it('has one holder after the other, and none before the last one’s TTL ends', () => {
      // Waiters that were killed never held it.
      expect(torture.history.length).to.be.greaterThan(PROCESSES / 2);
      const wrong = pairs(torture.history).filter(([one, other]) => other.begun < validUntil(one));
      expect(wrong.map(([one, other]) => `${one.owner} and ${other.owner}`)).to.deep.equal([]);
    });

    it('has ascending fences', () => {
      const undisturbed = torture.history.filter(({ process }) => process.disturbedAt === undefined);
      const fences = undisturbed.map(({ fence }) => fence);
      expect(fences).to.deep.equal([...fences].sort((one, other) => (one < other ? -1 : 1)));
      expect(new Set(torture.history.map(({ fence }) => fence)).size).to.equal(torture.history.length);
    });

    it('loses no count if only the highest fence may write', () => {
      expect(torture.written).to.have.length(torture.count);
      expect(torture.count).to.be.greaterThan(0);
    });

    it('is reported as lost to those who lost it, and to nobody else', async () => {
      for (const { owner, begun, ended, process: contender } of torture.history) {
        if (contender.killed) continue;
        const { code, at } = await contender.exit;
        // The lock may be released once its command has ended.
        const until = ended ?? at;
        const takenOver = torture.history.some((other) => other.begun > begun && other.begun < until);
        if (contender.disturbedAt === undefined) expect(code, owner).to.equal(0);
        else if (takenOver) expect(code, owner).to.equal(LOST);
        else expect(code, owner).to.be.oneOf([0, LOST]);
      }
    });

    it('leaves no waiter behind, and is free at the end', async () => {
      for (const contender of torture.contenders) {
        const { code } = await contender.exit;
        if (!contender.killed) expect(code).to.be.oneOf([0, LOST]);
      }

      expect(afterwards).to.include({ code: 0, err: '' });
    });
  });
});

function onEachStore(behaviour: (place: Place) => void): void {
  onEveryStore(behaviour);
  describe('on MariaDB', () => behaviour(mysqlPlace()));
  describe('on PostgreSQL', () => behaviour(postgresPlace()));
}

/** When others may begin: at its end, or when it was disturbed. */
function validUntil({ begun, ended, process }: History): number {
  return Math.min(
    ended ?? Infinity,
    process.disturbedAt === undefined ? Infinity : Math.max(begun, process.disturbedAt),
  );
}

/** Each with all that began later. */
function pairs(history: readonly History[]): ReadonlyArray<readonly [History, History]> {
  const sorted = [...history].sort((one, other) => one.begun - other.begun);
  return sorted.flatMap((one, index) => sorted.slice(index + 1).map((other) => [one, other] as const));
}
