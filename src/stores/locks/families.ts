import { isFunnelOwner, isLaravelOwner, OWNER_PREFIX } from './names.js';
import { readOwner } from './owner.js';

/** What a lock is used for. */
export const LOCK_FAMILIES = [
  'unique-job',
  'queue-overlap',
  'schedule',
  'command',
  'session',
  'flexible',
  'funnel',
  'cachectl',
  'other',
] as const;

export type LockFamily = (typeof LOCK_FAMILIES)[number];

/** The purpose of a lock, judged by its name and owner. */
export interface LockMeaning {
  readonly family: LockFamily;
  /** In plain words, without a full stop. */
  readonly meaning: string;
}

/** @param name without prefixes */
export function meaningOf(name: string, owner: string): LockMeaning {
  for (const { family, head, explain } of LARAVELS) {
    if (name.startsWith(head)) return { family, meaning: explain(name.slice(head.length)) };
  }

  if (owner.startsWith(OWNER_PREFIX)) return { family: 'cachectl', meaning: ownMeaning(owner) };
  if (isFunnelOwner(owner)) return { family: 'funnel', meaning: 'a slot of Cache::funnel' };
  return { family: 'other', meaning: isLaravelOwner(owner) ? 'a lock of an application' : 'a lock' };
}

/** Names of Laravel's own locks (version 12). */
const LARAVELS: ReadonlyArray<{
  readonly family: LockFamily;
  readonly head: string;
  explain(rest: string): string;
}> = [
  {
    family: 'unique-job',
    head: 'laravel_unique_job:',
    explain: (rest) => `prevents a second ${jobOf(rest)} in the queue`,
  },
  {
    family: 'queue-overlap',
    head: 'laravel-queue-overlap:',
    explain: (rest) => `a worker is running ${jobOf(rest)}; overlapping runs wait`,
  },
  {
    family: 'schedule',
    head: 'framework/schedule-',
    explain: () => 'a scheduled task is running, or ran on one server',
  },
  {
    family: 'schedule',
    head: String.raw`framework\schedule-`,
    explain: () => 'a scheduled task is running, or ran on one server',
  },
  {
    family: 'command',
    head: 'framework/command-',
    explain: (rest) => `the isolated command ${rest} is running`,
  },
  {
    family: 'command',
    head: String.raw`framework\command-`,
    explain: (rest) => `the isolated command ${rest} is running`,
  },
  {
    family: 'session',
    head: 'session:',
    explain: () => 'a request blocks others of the same session',
  },
  {
    family: 'flexible',
    head: 'illuminate:cache:flexible:lock:',
    explain: (rest) =>
      /^[\da-f]{40}:/.test(rest)
        ? `refreshes the stale entry ${rest.slice(41)} within its tags`
        : `refreshes the stale entry ${rest}`,
  },
];

/** `App\Jobs\Sync:42` is the job Sync with the id 42. Newer versions of Laravel use a hash of the class. */
function jobOf(rest: string): string {
  const at = rest.indexOf(':');
  const job = at === -1 ? rest : rest.slice(0, at);
  const id = at === -1 ? '' : ` ${rest.slice(at + 1)}`.trimEnd();
  return /^[\da-f]{32}$/.test(job)
    ? `job of the same class,${id}`.replace(/,$/, '')
    : job.slice(job.lastIndexOf('\\') + 1) + id;
}

function ownMeaning(owner: string): string {
  const own = readOwner(owner);
  return own === undefined ? 'acquired by cachectl' : `acquired by cachectl for ${own.who}, process ${own.pid}`;
}
