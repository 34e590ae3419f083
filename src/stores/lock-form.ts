import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

/** Every owner that cachectl makes starts so; it is how its locks are told from entries. */
export const OWNER_PREFIX = 'cachectl:';

/** An owner token that says who and where, and cannot be guessed: `cachectl:user@host:pid:128 random bits`. */
export function newOwner(): string {
  return `${OWNER_PREFIX}${userName()}@${hostname()}:${process.pid}:${randomBytes(16).toString('hex')}`;
}

/** Whether a lock's name (without prefixes) is of a family that Laravel uses for locks only. */
export function isLaravelLockName(name: string): boolean {
  return LARAVEL_FAMILIES.some(({ head, rest }) => name.startsWith(head) && rest.test(name.slice(head.length)));
}

// `session:<id>` is left out: an application's own entries are named so, too.
const LARAVEL_FAMILIES = [
  { head: 'laravel_unique_job:', rest: /^/ },
  { head: 'laravel-queue-overlap:', rest: /^/ },
  { head: 'framework/schedule-', rest: /^[\da-f]{40}/ },
  { head: 'framework/command-', rest: /^/ },
];

/** What the names of those families begin with; a name that does is not of a family yet. */
export const LARAVEL_LOCK_HEADS: readonly string[] = LARAVEL_FAMILIES.map(({ head }) => head);

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid that has no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
