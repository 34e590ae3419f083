import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Finds out whether a signal was sent to the whole process group, like Ctrl-C at a terminal, or only to this process,
 * like `kill PID`. Signal handlers do not learn this, so a helper process in the group reveals it: signals to the group
 * end it.
 */
export class GroupProbe {
  /** The pids of all helpers, to distinguish them from the command's processes. */
  readonly pids = new Set<number>();
  /** The signals that ended helpers, with the times in milliseconds at which this process learned of it. */
  readonly #ended = new Map<NodeJS.Signals, number>();
  #helper: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#start();
  }

  /** Whether the group received `signal`, which has just arrived here. */
  async sawToo(signal: NodeJS.Signals): Promise<boolean> {
    const arrivedAt = performance.now();
    const answer = this.#last.then(async () => {
      if (this.#helper) await hasAnsweredOrEnded(this.#helper);
      const endedAt = this.#ended.get(signal);
      this.#ended.delete(signal);
      return endedAt !== undefined && endedAt > arrivedAt - AT_ONCE_MS;
    });
    this.#last = answer;
    return answer;
  }

  stop(): void {
    const helper = this.#helper;
    this.#helper = undefined;
    helper?.kill('SIGKILL');
  }

  #start(): void {
    // It ends when its input closes, so with this process. It leaves no core file.
    const helper = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    helper.on('error', ignore);
    helper.on('exit', (_, signal) => {
      if (signal === null || helper !== this.#helper) return;
      this.#ended.set(signal, performance.now());
      this.#start();
    });
    helper.stdin?.on('error', ignore);
    this.#helper = helper;
    if (helper.pid !== undefined) this.pids.add(helper.pid);
  }
}

/**
 * A process that was suspended or had to wait for the CPU handles several signals at once, SIGCHLD for the helper's end
 * before the signal itself: the kernel runs the handler of the last one first.
 */
const AT_ONCE_MS = 1000;

/** If the process answers, it received no signal, because the kernel delivers signals first. */
async function hasAnsweredOrEnded(helper: ChildProcess): Promise<void> {
  // The processes of a group receive a signal one after another, within microseconds.
  await sleep(10);
  if (helper.exitCode !== null || helper.signalCode !== null) return;
  const end = new AbortController();
  const answer = once(helper.stdout!, 'data', { signal: end.signal }).catch(ignore);
  const exit = once(helper, 'exit', { signal: end.signal }).catch(ignore);
  helper.stdin!.write('?');
  await Promise.race([answer, exit]);
  end.abort();
}

function ignore(): void {
  // Without the helper signals are forwarded, so at worst one is delivered twice.
}
