import { setTimeout as sleep } from 'node:timers/promises';

import { type ProcessRow, processTable } from './process-table.js';

/** All processes that a command started, directly or indirectly. */
export interface Job {
  /** The processes that have not ended. */
  members(): readonly ProcessRow[];
  /** Signal each process once, except those of other users. */
  signal(name: NodeJS.Signals): void;
}

/**
 * The job of a command with its own session: the processes in that session. A process that leaves the session, such as
 * a daemon, leaves the job.
 */
export class SessionJob implements Job {
  readonly #leader: number;

  constructor(leader: number) {
    this.#leader = leader;
  }

  members(): readonly ProcessRow[] {
    return processTable().filter(({ group, session, isZombie }) => !isZombie && this.#isMember(group, session));
  }

  /** Signals process groups, so that no process is missed that starts in the meantime. */
  signal(name: NodeJS.Signals): void {
    send(-this.#leader, name);
    // Shells with job control and `timeout` create their own groups.
    const others = new Set(this.members().map(({ group }) => group));
    others.delete(this.#leader);
    for (const group of others) send(-group, name);
  }

  #isMember(group: number, session: number | undefined): boolean {
    return group === this.#leader || session === this.#leader;
  }
}

/**
 * The job of a command that shares the process group of cachectl, so that terminal keys and job control affect it. Its
 * processes are found by descent. A process that leaves the session, such as a daemon, leaves the job.
 */
export class TerminalJob implements Job {
  /** Children of cachectl that do not belong to the command. */
  readonly #helpers: ReadonlySet<number>;
  /** Processes found before, whose parents may have ended since. */
  #known = new Set<string>();

  constructor(helpers: ReadonlySet<number>) {
    this.#helpers = helpers;
  }

  members(): readonly ProcessRow[] {
    const table = processTable();
    const us = table.find(({ pid }) => pid === process.pid);
    const candidates = table.filter((row) => row.session === us?.session && !this.#helpers.has(row.pid));
    const roots = candidates.filter(
      (row) => row.parent === process.pid || this.#known.has(identity(row)) || isOrphanOf(us, row, table),
    );
    const found = descent(roots, candidates).filter(({ isZombie }) => !isZombie);
    this.#known = new Set(found.map((row) => identity(row)));
    return found;
  }

  signal(name: NodeJS.Signals): void {
    for (const { pid } of this.members()) send(pid, name);
  }
}

/** Wait until no process is left or `isOver` returns true. @returns those that are left */
export async function whatIsLeft(job: Job, isOver: () => boolean): Promise<readonly ProcessRow[]> {
  for (let pause = 10; ; pause = Math.min(pause * 2, 200)) {
    const left = job.members();
    if (left.length === 0 || isOver()) return left;
    await sleep(pause);
  }
}

function identity({ pid, started }: ProcessRow): string {
  return `${pid} ${started}`;
}

/**
 * Whether a process of the group that cachectl leads (as started by an interactive shell) was orphaned. Its new parent
 * is neither in the group nor the parent of cachectl, whose other children are the rest of a pipeline.
 */
function isOrphanOf(us: ProcessRow | undefined, row: ProcessRow, table: readonly ProcessRow[]): boolean {
  if (us?.group !== process.pid || row.group !== us.group || row.pid === process.pid) return false;
  const parent = table.find(({ pid }) => pid === row.parent);
  return row.parent !== process.ppid && parent?.group !== us.group;
}

function descent(roots: readonly ProcessRow[], rows: readonly ProcessRow[]): readonly ProcessRow[] {
  const found = new Map(roots.map((row) => [row.pid, row]));
  // Iterating over a map includes items that are added meanwhile.
  for (const parent of found.keys()) {
    for (const row of rows) if (row.parent === parent && row.pid !== process.pid) found.set(row.pid, row);
  }

  return [...found.values()];
}

function send(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    // The process has ended or belongs to another user.
  }
}
