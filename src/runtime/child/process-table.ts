import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Linux only. */
  readonly session: number | undefined;
  /** The start time, which distinguishes reused pids. Linux only; elsewhere empty. */
  readonly started: string;
  /** Whether it has ended without being reaped by its parent. */
  readonly isZombie: boolean;
  /** The name of the program, without arguments. */
  readonly name: string;
}

/** All visible processes: from /proc on Linux, elsewhere from ps. Empty if neither is available. */
export function processTable(): readonly ProcessRow[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): readonly ProcessRow[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => rowOf(pid) ?? []);
}

/** proc(5): `pid (name) state ppid pgrp session …`, and the start time as the 22nd field. */
function rowOf(pid: string): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // The process has ended.
    return undefined;
  }

  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    started: fields[19] ?? '',
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    name: stat.slice(stat.indexOf('(') + 1, end),
  };
}

function fromPs(): readonly ProcessRow[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,comm='], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [, pid, parent, group, state = '', name = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined) return [];
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: undefined,
      started: '',
      isZombie: state.startsWith('Z'),
      name,
    };
  });
}
