import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** Suspends a process: when this resolves none of its threads does anything more. SIGCONT wakes it. */
export async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (!isHalted(pid)) await setImmediate();
}

/** As Linux tells; elsewhere nobody does, of threads. */
function isHalted(pid: number): boolean {
  if (!existsSync('/proc/self/task')) return true;
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
  );
}
