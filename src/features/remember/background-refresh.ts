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
 * Refresh a stale output in a process that outlives this one, unless another process does so already. A failure is only
 * a warning, because the stale output is a valid answer.
 * @param argv the arguments of `remember`
 */
export async function refreshInBackground(store: Store, terms: Terms, argv: readonly string[]): Promise<void> {
  try {
    const lock = refreshLock(store, terms);
    const owner = newOwner();
    if (!(await lock.acquire(owner, LOCK_TTL))) return;
    try {
      await startDetached([...programArguments(), 'remember', '--behind', owner, ...argv]);
    } catch (error) {
      await lock.release(owner);
      throw error;
    }
  } catch (error) {
    warn(`${terms.key} is stale and cannot be refreshed in the background: ${toFailure(error).message}`);
  }
}

/** The refresh in that process. Always releases the lock that was acquired for it. @param store is closed */
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

async function startDetached(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore', env: callersEnvironment() });
  await once(child, 'spawn');
  child.unref();
}
