import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends a command's process group if cachectl is killed and cannot do so itself. A process in its own session waits for
 * a pipe from cachectl to close.
 */
export class JobGuard {
  readonly #guard: ChildProcess;

  /** @param grace from TERM to KILL, in seconds */
  constructor(group: number, grace: number) {
    this.#guard = spawn('/bin/sh', ['-c', WAIT_AND_END, 'sh', String(group), String(grace)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guard.on('error', ignore);
    this.#guard.stdin?.on('error', ignore);
  }

  stop(): void {
    this.#guard.kill('SIGKILL');
  }
}

const WAIT_AND_END = 'read -r _; kill -TERM "-$1"; sleep "$2"; kill -KILL "-$1"';

function ignore(): void {
  // Without a shell, a command outlives a killed cachectl.
}
