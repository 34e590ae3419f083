import type { Work } from '../../runtime/store-command.js';
import type { ListedLock } from '../../stores/contract/locks.js';
import type { Store } from '../../stores/contract/store.js';
import type { SweepFlags } from './sweep.js';

import { bulk } from '../../runtime/bulk.js';
import { askBeforeDestroying } from '../../runtime/confirm.js';
import { overlapping } from '../../stores/listing/concurrent.js';
import { answer, answerJson } from '../../terminal/output.js';
import { countOf } from '../../terminal/progress.js';
import { selectLocks } from './selection.js';

/** How many locks to release at once. */
const AT_ONCE = 32;

/**
 * Remove the locks under the prefix, and nothing else, like Laravel's `cache:clear --locks`. Waiters are notified. A
 * lock that changed hands since it was listed stays.
 * @throws UnsupportedError if the store cannot list locks, before anyone is asked
 */
export async function flushLocks(work: Work, flags: SweepFlags): Promise<void> {
  const { store, profile, interruption } = work;
  const dryRun = flags['dry-run'];
  const listed = (): AsyncGenerator<ListedLock> => selectLocks(work, {});
  if (!dryRun) {
    const asksPerson = !flags.yes && process.stderr.isTTY && process.stdin.isTTY;
    if (!store.locks) await listed().next();
    const effect = `removes the locks under the prefix ${store.prefix}${asksPerson ? `: ${locks(await counted(listed()))}` : ''}`;
    const warnings = ['All holders lose their locks. Entries stay.'];
    await askBeforeDestroying({ store, profile, action: 'flush', effect, warnings }, flags);
  }

  const removed = await bulk(
    dryRun ? 'counted' : 'removed',
    interruption,
    async ({ onProgress }) => {
      let done = 0;
      await overlapping(listed(), AT_ONCE, async (lock) => {
        if (dryRun || (await isRemoved(store, lock))) onProgress({ done: ++done });
      });
      return done;
    },
    { counted: locks },
  );
  await (flags.json
    ? answerJson({ [dryRun ? 'wouldRemove' : 'removed']: removed, keptLocks: 0, scope: 'locks', dryRun })
    : answer(`${dryRun ? 'would remove' : 'removed'} ${locks(removed)}\n`));
}

/** Release by owner. If that fails because the value is no owner, remove it if it has not changed. */
async function isRemoved(store: Store, { name, owner }: ListedLock): Promise<boolean> {
  const lock = store.lock(name);
  if (await lock.release(owner)) return true;
  const holder = await lock.holder();
  return holder?.owner === owner && lock.forceRelease();
}

async function counted(listed: AsyncIterable<ListedLock>): Promise<number> {
  let number = 0;
  await overlapping(listed, 1, async () => {
    number++;
  });
  return number;
}

function locks(number: number): string {
  return countOf(number, 'lock');
}
