import { expect } from 'chai';

import { meaningOf } from '../../../src/stores/locks/families.js';
import { newOwner, readOwner } from '../../../src/stores/locks/owner.js';

describe('the meaning of a lock', () => {
  const meanings: ReadonlyArray<[name: string, family: string, meaning: string]> = [
    [String.raw`laravel_unique_job:App\Jobs\Sync:42`, 'unique-job', 'prevents a second Sync 42 in the queue'],
    [String.raw`laravel_unique_job:App\Jobs\Sync:`, 'unique-job', 'prevents a second Sync in the queue'],
    [
      'laravel_unique_job:0123456789abcdef0123456789abcdef:a:b',
      'unique-job',
      'prevents a second job of the same class, a:b in the queue',
    ],
    ['laravel_unique_job:Sync', 'unique-job', 'prevents a second Sync in the queue'],
    [
      String.raw`laravel-queue-overlap:App\Jobs\Sync:7`,
      'queue-overlap',
      'a worker is running Sync 7; overlapping runs wait',
    ],
    [`framework/schedule-${'a'.repeat(40)}`, 'schedule', 'a scheduled task is running, or ran on one server'],
    ['framework/command-migrate', 'command', 'the isolated command migrate is running'],
    ['session:abc', 'session', 'a request blocks others of the same session'],
    [String.raw`framework\schedule-${'a'.repeat(40)}`, 'schedule', 'a scheduled task is running, or ran on one server'],
    [String.raw`framework\command-migrate`, 'command', 'the isolated command migrate is running'],
    ['illuminate:cache:flexible:lock:rates', 'flexible', 'refreshes the stale entry rates'],
    [
      `illuminate:cache:flexible:lock:${'a'.repeat(40)}:rates`,
      'flexible',
      'refreshes the stale entry rates within its tags',
    ],
    ['deploy', 'other', 'a lock'],
  ];
  for (const [name, family, meaning] of meanings) {
    it(`${name}: ${meaning}`, () => {
      expect(meaningOf(name, 'somebody')).to.deep.equal({ family, meaning });
    });
  }

  it("follows from owner tokens of cachectl and of Laravel's form", () => {
    const owner = newOwner();
    expect(meaningOf('deploy', owner).family).to.equal('cachectl');
    expect(meaningOf('deploy', owner).meaning).to.include(`process ${process.pid}`);
    expect(meaningOf('reports1', '8QcFgXs083zIp5zfmoZu').family).to.equal('funnel');
    expect(meaningOf('deploy', 'aZ3kQ9sLmN1pR7tV').meaning).to.equal('a lock of an application');
  });

  it('includes when cachectl acquired it', () => {
    const before = Date.now();
    const own = readOwner(newOwner())!;
    expect(own.since.getTime()).to.be.within(before, Date.now());
    expect(own.pid).to.equal(process.pid);
    expect(readOwner('cachectl:me')).to.be.undefined;
    expect(readOwner('somebody')).to.be.undefined;
  });
});
