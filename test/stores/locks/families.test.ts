import { expect } from 'chai';

import { meaningOf } from '../../../src/stores/locks/families.js';
import { newOwner, readOwner } from '../../../src/stores/locks/owner.js';

describe('the meaning of a lock', () => {
  const meanings: ReadonlyArray<[name: string, family: string, meaning: string]> = [
    [String.raw`laravel_unique_job:App\Jobs\Sync:42`, 'unique-job', 'keeps a second Sync 42 out of the queue'],
    [String.raw`laravel_unique_job:App\Jobs\Sync:`, 'unique-job', 'keeps a second Sync out of the queue'],
    [
      'laravel_unique_job:0123456789abcdef0123456789abcdef:a:b',
      'unique-job',
      'keeps a second job of the same class, a:b out of the queue',
    ],
    ['laravel_unique_job:Sync', 'unique-job', 'keeps a second Sync out of the queue'],
    [String.raw`laravel-queue-overlap:App\Jobs\Sync:7`, 'queue-overlap', 'a worker runs Sync 7; others of it wait'],
    [`framework/schedule-${'a'.repeat(40)}`, 'schedule', 'a scheduled task runs, or ran on one server'],
    ['framework/command-migrate', 'command', 'the isolated command migrate runs'],
    ['session:abc', 'session', 'a request has others of the same session wait'],
    [String.raw`framework\schedule-${'a'.repeat(40)}`, 'schedule', 'a scheduled task runs, or ran on one server'],
    [String.raw`framework\command-migrate`, 'command', 'the isolated command migrate runs'],
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
    expect(meaningOf('deploy', 'aZ3kQ9sLmN1pR7tV').meaning).to.equal('a lock that an application took');
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
