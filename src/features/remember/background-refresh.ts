import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { Store } from '../../stores/contract/store.js';
import type { Terms } from './output-cache.js';
import type { RunOptions } from './run.js';

import { callersEnvironment } from '../../runtime/environment.js';
import { programArguments } from '../../runtime/program-file.js';
import { toFailure } from '../../runtime/report-error.js';
import { newOwner } from '../../stores/locks/owner.js';
import { warn } from '../../terminal/output.js';
import { HeldLock } from '../locks/held-lock.js';
import { LOCK_TTL, newHolding, refreshLock } from './lock.js';

/**
 * Has an old output made anew by a process that outlives us, unless somebody makes it already. Whatever keeps us from that
 * is said; the old output is an answer all the same.
 * @param argv of the command `remember`
 */
export async function refreshBehind(store: Store, terms: Terms, argv: readonly string[]): Promise<void> {
  try {
    const lock = refreshLock(store, terms);
    const owner = newOwner();
    if (!(await lock.acquire(owner, LOCK_TTL))) return;
    try {
      await startBehind([...programArguments(), 'remember', '--behind', owner, ...argv]);
    } catch (error) {
      await lock.release(owner);
      throw error;
    }
  } catch (error) {
    warn(`${terms.key} is old, and is not made anew in the background: ${toFailure(error).message}`);
  }
}

/** In that process. The lock that was taken for it is given back on every way out. @param store is closed */
export async function refreshHere(store: Store, owner: string, options: Omit<RunOptions, 'accepts'>): Promise<number> {
  const { terms, openStore } = options;
  const holding = newHolding((each) => refreshLock(each, terms), openStore, owner);
  const lock = holding.lockOf(store);
  const at = performance.now();
  if (!(await lock.refresh(owner, LOCK_TTL))) {
    await store.close();
    return 0;
  }

  const held = new HeldLock(store, holding, { lock, at });
  try {
    const { runAndRemember } = await import('./run.js');
    return await runAndRemember(await openStore(), { ...options, accepts: ({ isStale }) => !isStale });
  } finally {
    await held.release();
  }
}

async function startBehind(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore', env: callersEnvironment() });
  await once(child, 'spawn');
  child.unref();
}
