import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where a process runs, so that others on its machine can tell whether it still does. */
export interface ProcessPlace {
  readonly host: string;
  /** Within which process ids are told apart: on Linux the pid namespace, elsewhere empty. */
  readonly space: string;
  readonly pid: number;
}

export function ownProcess(): ProcessPlace {
  return { host: HOST, space: SPACE, pid: process.pid };
}

/** What a process that waits is called: `web-1:4711`. */
export function processName({ host, pid }: ProcessPlace): string {
  return `${host}:${pid}`;
}

/** False when it is sure to be gone. Of a process elsewhere nothing is known, and a pid may have gone to another one. */
export function mayRun({ host, space, pid }: ProcessPlace): boolean {
  if (host !== HOST || space !== SPACE) return true;
  // Zero and less are groups of processes.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const HOST = hostname();
const SPACE = pidSpace();

/** `pid:[4026531836]`: containers that share a host's name do not share its processes. */
function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
