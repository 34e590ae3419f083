import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

import { OWNER_PREFIX } from './names.js';

/**
 * An owner token that says who, where and when, and cannot be guessed: `cachectl:user@host:pid:` and 32 hexadecimal digits,
 * of which the first twelve are the Unix time in milliseconds, and the others are chance.
 */
export function newOwner(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${OWNER_PREFIX}${userName()}@${hostname()}:${process.pid}:${time}${randomBytes(10).toString('hex')}`;
}

/** What an owner that cachectl made says. */
export interface OwnOwner {
  /** `ann@web-1`. */
  readonly who: string;
  readonly pid: number;
  /** By the clock of that machine. */
  readonly since: Date;
}

/** Undefined of an owner that somebody else made, or gave cachectl. */
export function readOwner(owner: string): OwnOwner | undefined {
  const [, who, pid, time] = /^cachectl:(.+):(\d+):([\da-f]{12})[\da-f]{20}$/s.exec(owner) ?? [];
  if (who === undefined) return undefined;
  return { who, pid: Number(pid), since: new Date(Number.parseInt(time!, 16)) };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid that has no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
