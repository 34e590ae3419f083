import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/**
 * Suspend a process. When this resolves, all of its threads have stopped. SIGCONT resumes it. A process that has exited
 * counts as stopped: it stays a zombie while its parent is suspended.
 */
export async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (!isHalted(pid)) await setImmediate();
}

/** Only Linux reports the state of threads. */
function isHalted(pid: number): boolean {
  if (!existsSync('/proc/self/task')) return true;
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /\) [TXZ] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
  );
}
