import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Tells whether a signal that we got was for our whole process group, as Ctrl-C at a terminal is, or for us alone, as by
 * `kill PID`. No handler learns that of the system, so a helper in the group shows it: signals of the group end it.
 */
export class GroupProbe {
  /** The helpers that have run, for whoever counts our children. */
  readonly pids = new Set<number>();
  #helper: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#start();
  }

  /** Whether the group got `signal`, which has just reached us. */
  async sawToo(signal: NodeJS.Signals): Promise<boolean> {
    const answer = this.#last.then(async () => this.#helper !== undefined && hasEndedBy(this.#helper, signal));
    this.#last = answer;
    return answer;
  }

  stop(): void {
    const helper = this.#helper;
    this.#helper = undefined;
    helper?.kill('SIGKILL');
  }

  #start(): void {
    // It ends with us, when its input does; and leaves no core file where a signal would have it leave one.
    const helper = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    helper.on('error', ignore);
    helper.on('exit', (_, signal) => {
      if (signal !== null && helper === this.#helper) this.#start();
    });
    helper.stdin?.on('error', ignore);
    this.#helper = helper;
    if (helper.pid !== undefined) this.pids.add(helper.pid);
  }
}

/** A process that answers has no signal to act on: the system has it do so first. */
async function hasEndedBy(helper: ChildProcess, signal: NodeJS.Signals): Promise<boolean> {
  // Processes of a group get a signal one after the other, if within microseconds.
  await sleep(10);
  const isOver = helper.exitCode !== null || helper.signalCode !== null;
  if (!isOver) {
    const end = new AbortController();
    const answer = once(helper.stdout!, 'data', { signal: end.signal }).catch(ignore);
    const exit = once(helper, 'exit', { signal: end.signal }).catch(ignore);
    helper.stdin!.write('?');
    await Promise.race([answer, exit]);
    end.abort();
  }

  return helper.signalCode === signal;
}

function ignore(): void {
  // Without the helper signals are handed on, which at worst delivers one twice.
}
