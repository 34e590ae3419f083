import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { UsageError } from '../../../errors.js';
import { mayRun, ownProcess, type ProcessPlace } from '../../../stores/locks/process.js';
import { systemCode } from '../../../system-errors.js';
import { objectIn } from './sidecar.js';

/** The process that writes a file. */
export interface Writer {
  readonly writer: ProcessPlace;
  /** When the process began, in the kernel's own count; empty where the system does not tell. */
  readonly writerSince: string;
}

export function ownWriter(): Writer {
  return { writer: ownProcess(), writerSince: since(process.pid) };
}

export function isWriter({ writer, writerSince }: Partial<Writer>): boolean {
  return typeof writer?.host === 'string' && typeof writer.pid === 'number' && typeof writerSince === 'string';
}

/** Whether another process still writes. A process on another machine is taken to be gone. */
export function isBeingWritten({ writer, writerSince }: Writer): boolean {
  return isLocal(writer) && writer.pid !== process.pid && !isGone({ writer, writerSince });
}

/** A claim is held for milliseconds, so an older one was left by a process that was killed. */
const STALE_MS = 10_000;

/**
 * Runs `work`, which inspects and takes over the files beside `target`, in one process at a time.
 * @throws UsageError while another process is doing so
 */
export async function claimed<T>(target: string, work: () => Promise<T>): Promise<T> {
  const path = `${target}.export-claim`;
  if (!take(path) && !takeOver(path)) {
    throw new UsageError(`another export to ${target} is starting`, 'Wait for it, or write to another file.');
  }

  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * Replaces a stale claim. Only the holder of a claim on the removal may remove it: of two processes that find the same
 * stale claim, the slower would otherwise remove the fresh claim of the faster.
 */
function takeOver(path: string): boolean {
  if (!isStale(path)) return false;
  const removal = `${path}-removal`;
  if (!take(removal) && !takeOver(removal)) return false;
  try {
    // Another process may have replaced it before this one held the removal.
    if (!isStale(path)) return false;
    rmSync(path, { force: true });
    return take(path);
  } finally {
    rmSync(removal, { force: true });
  }
}

/** Atomic, and follows no link: O_EXCL. */
function take(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }

  try {
    writeFileSync(file, JSON.stringify(ownWriter()));
    return true;
  } catch (error) {
    // A full disk has room for the file, and not for its text.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function isStale(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || Date.now() - stats.mtimeMs > STALE_MS) return true;
  const writer = writerOf(path);
  return writer !== undefined && isGone(writer);
}

/** Undefined while the claim is still empty. */
function writerOf(path: string): undefined | Writer {
  try {
    const writer = objectIn<Writer>(readFileSync(path, 'utf8'));
    return writer && isWriter(writer) ? (writer as Writer) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process is certain to have ended. */
function isGone({ writer, writerSince }: Writer): boolean {
  return !mayRun(writer) || (isLocal(writer) && writerSince !== '' && since(writer.pid) !== writerSince);
}

function isLocal(writer: ProcessPlace): boolean {
  const { host, space } = ownProcess();
  return writer.host === host && writer.space === space;
}

/** Tells processes apart that had the same id: `starttime`, the 22nd field of Linux's /proc/PID/stat. */
function since(pid: number): string {
  try {
    const [, afterName = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return afterName.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
