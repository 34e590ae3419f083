import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { UsageError } from '../../../errors.js';
import { isGone, ownWriter, writerIn } from './export-state.js';

/**
 * A claim is held for some milliseconds: what is older was left by a process that was killed just then, also where nothing
 * can be known of that process.
 */
const STALE_MS = 10_000;

/**
 * Runs `work`, which looks at what is there and takes it over, in one process at a time.
 * @throws UsageError while another is at it
 */
export async function claimed<T>(target: string, work: () => Promise<T>): Promise<T> {
  const path = `${target}.export-claim`;
  if (!isTaken(path) && !isTakenOver(path)) throw busy(target);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * Puts a claim in the place of a stale one. Only who holds a claim on that may remove it: of two who find it stale, the
 * slower would else remove the claim of the faster.
 */
function isTakenOver(path: string): boolean {
  if (!isStale(path)) return false;
  const removal = `${path}-removal`;
  if (!isTaken(removal) && !isTakenOver(removal)) return false;
  try {
    // It may be another one by now.
    if (!isStale(path)) return false;
    rmSync(path, { force: true });
    return isTaken(path);
  } finally {
    rmSync(removal, { force: true });
  }
}

/** Atomic: of two who try, one gets it. */
function isTaken(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(ownWriter()), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || Date.now() - stats.mtimeMs > STALE_MS) return true;
  const writer = writerOf(path);
  return writer !== undefined && isGone(writer);
}

/** Undefined where it is not written yet. */
function writerOf(path: string): ReturnType<typeof writerIn> {
  try {
    return writerIn(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function busy(target: string): UsageError {
  return new UsageError(`another export to ${target} is just beginning`, 'Wait for it, or write to another file.');
}
