import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { systemCode } from '../../system-errors.js';

/** Identifies a process, so that others on its machine can check whether it still runs. */
export interface ProcessPlace {
  readonly host: string;
  /** The namespace of its pid: the pid namespace on Linux, otherwise empty. */
  readonly space: string;
  readonly pid: number;
}

export function ownProcess(): ProcessPlace {
  return { host: HOST, space: SPACE, pid: process.pid };
}

/** The display name of a waiting process: `web-1:4711`. */
export function processName({ host, pid }: ProcessPlace): string {
  return `${host}:${pid}`;
}

/** False if the process has certainly ended. Unknown for another machine, and a pid may have been reused. */
export function mayRun({ host, space, pid }: ProcessPlace): boolean {
  if (host !== HOST || space !== SPACE) return true;
  // Zero and negative numbers are process groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return systemCode(error) === 'EPERM';
  }
}

const HOST = hostname();
const SPACE = pidSpace();

/** `pid:[4026531836]`. Containers with the same host name do not share processes. */
function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
