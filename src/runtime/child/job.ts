import { setTimeout as sleep } from 'node:timers/promises';

import { type ProcessRow, processTable } from './process-table.js';

/** The processes of a command: all that it started, and what those started in turn. */
export interface Job {
  /** Those that have not ended. */
  members(): readonly ProcessRow[];
  /** To each of them, once. Those that we may not signal (of another user) do not get it. */
  signal(name: NodeJS.Signals): void;
}

/**
 * A command that was started in a session of its own: its processes are those of the session. A process that leaves the
 * session, as daemons do, leaves the job.
 */
export class SessionJob implements Job {
  readonly #leader: number;

  constructor(leader: number) {
    this.#leader = leader;
  }

  members(): readonly ProcessRow[] {
    return processTable().filter(({ group, session, isZombie }) => !isZombie && this.#isOurs(group, session));
  }

  /** To process groups, so that no process that is started meanwhile is left out. */
  signal(name: NodeJS.Signals): void {
    send(-this.#leader, name);
    // Shells with job control, and `timeout`, make groups of their own.
    const others = new Set(this.members().map(({ group }) => group));
    others.delete(this.#leader);
    for (const group of others) send(-group, name);
  }

  #isOurs(group: number, session: number | undefined): boolean {
    return group === this.#leader || session === this.#leader;
  }
}

/**
 * A command that shares our process group, so that a terminal's keys reach it and job control stops and resumes it. Its
 * processes are found by descent. A process that leaves the session, as daemons do, leaves the job.
 */
export class TerminalJob implements Job {
  /** Children of ours that are not the command's. */
  readonly #helpers: ReadonlySet<number>;
  /** Seen before: their parents may have ended since. */
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

/** Resolves with those that are left when none is, or when `isOver` says so. */
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
 * Of the group that we lead, as an interactive shell has us do: its parent has ended, and whoever took it over is neither of
 * the group nor our own parent, whose other children are the rest of a pipeline.
 */
function isOrphanOf(us: ProcessRow | undefined, row: ProcessRow, table: readonly ProcessRow[]): boolean {
  if (us?.group !== process.pid || row.group !== us.group || row.pid === process.pid) return false;
  const parent = table.find(({ pid }) => pid === row.parent);
  return row.parent !== process.ppid && parent?.group !== us.group;
}

function descent(roots: readonly ProcessRow[], rows: readonly ProcessRow[]): readonly ProcessRow[] {
  const found = new Map(roots.map((row) => [row.pid, row]));
  // A map's iteration goes on with what is added to it.
  for (const parent of found.keys()) {
    for (const row of rows) if (row.parent === parent && row.pid !== process.pid) found.set(row.pid, row);
  }

  return [...found.values()];
}

function send(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    // It has ended, or belongs to another user.
  }
}
