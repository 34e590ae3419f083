import { fstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';

import { FATAL_SIGNALS } from './signals.js';

let found: ReadonlySet<NodeJS.Signals> | undefined;

/**
 * The signals that were ignored at start-up, as under nohup or after `trap '' HUP`. Node resets them before any script
 * runs, so they are inferred: from traces of nohup, and on Linux from the parent, if that is a shell which passed on
 * the signals that it ignores. Signals found here no longer end this process.
 */
export function ignoredSignals(): ReadonlySet<NodeJS.Signals> {
  if (found !== undefined) return found;
  const parent = parentOf();
  found = new Set(
    FATAL_SIGNALS.filter((signal) => (signal === 'SIGHUP' && isUnderNohup()) || passesOn(parent, signal)),
  );
  for (const signal of found) process.on(signal, ignore);
  return found;
}

/**
 * bash, zsh and ksh store the started program in `_`. nohup replaces a terminal by nohup.out and an unreadable
 * /dev/null.
 */
function isUnderNohup(): boolean {
  return path.basename(process.env._ ?? '') === 'nohup' || isNohupsInput() || [1, 2].some((fd) => isNohupsOutput(fd));
}

function isNohupsInput(): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1];
    const isWriteOnly = flags !== undefined && (Number.parseInt(flags, 8) & 3) === 1;
    return isWriteOnly && fstatSync(0).rdev === statSync('/dev/null').rdev;
  } catch {
    return false;
  }
}

function isNohupsOutput(fd: number): boolean {
  const output = attempt(() => fstatSync(fd));
  if (!output?.isFile()) return false;
  return ['.', process.env.HOME ?? '.'].some((folder) => {
    const file = attempt((): Stats => statSync(path.join(folder, 'nohup.out')));
    return file !== undefined && file.ino === output.ino && file.dev === output.dev;
  });
}

interface Parent {
  readonly name: string;
  /** A bit mask by signal number. */
  readonly ignored: bigint;
  readonly isInOurSession: boolean;
}

/** From /proc on Linux; undefined elsewhere. */
function parentOf(): Parent | undefined {
  return attempt(() => {
    const status = readFileSync(`/proc/${process.ppid}/status`, 'utf8');
    return {
      name: /^Name:\s*(.*)$/m.exec(status)?.[1] ?? '',
      ignored: BigInt(`0x${/^SigIgn:\s*([\da-f]+)$/m.exec(status)?.[1] ?? '0'}`),
      isInOurSession: sessionOf('self') === sessionOf(String(process.ppid)),
    };
  });
}

/** The sixth field of stat. The second is a name in parentheses, which may contain anything. */
function sessionOf(pid: string): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 4)[3];
}

const SHELLS: ReadonlySet<string> = new Set(['ash', 'bash', 'busybox', 'dash', 'ksh', 'mksh', 'sh', 'yash', 'zsh']);

/**
 * Some signals are ignored by a program only for itself: interactive shells TERM, bash always QUIT, terminal servers
 * HUP.
 */
function passesOn(parent: Parent | undefined, signal: NodeJS.Signals): boolean {
  if (parent === undefined || !ignores(parent, signal) || !parent.isInOurSession) return false;
  if (signal === 'SIGHUP') return true;
  const isInteractive = ignores(parent, 'SIGTSTP');
  return SHELLS.has(parent.name) && !isInteractive && (signal !== 'SIGQUIT' || parent.name !== 'bash');
}

function ignores({ ignored }: Parent, signal: NodeJS.Signals): boolean {
  return ((ignored >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    // Another system, or no such file.
    return undefined;
  }
}

function ignore(): void {
  // Ignored, as at start-up.
}
