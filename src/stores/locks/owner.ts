import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

import { OWNER_PREFIX } from './names.js';

/**
 * Make an owner token that says who, where and when, and cannot be guessed: `cachectl:user@host:pid:` and 32
 * hexadecimal digits. The first twelve are the Unix time in milliseconds, the rest is random.
 */
export function newOwner(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${OWNER_PREFIX}${userName()}@${hostname()}:${process.pid}:${time}${randomBytes(10).toString('hex')}`;
}

/** The content of an owner token of cachectl. */
export interface OwnOwner {
  /** `ann@web-1`. */
  readonly who: string;
  readonly pid: number;
  /** By the clock of that machine. */
  readonly since: Date;
}

/** Undefined for any other owner. */
export function readOwner(owner: string): OwnOwner | undefined {
  const [, who, pid, time] = /^cachectl:(.+):(\d+):([\da-f]{12})[\da-f]{20}$/s.exec(owner) ?? [];
  if (who === undefined) return undefined;
  return { who, pid: Number(pid), since: new Date(Number.parseInt(time!, 16)) };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid without a name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
