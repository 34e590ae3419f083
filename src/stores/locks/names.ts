/** Every owner that cachectl makes starts so; it is how its locks are told from entries. */
export const OWNER_PREFIX = 'cachectl:';

/** Whether a lock's name (without prefixes) is of a family that Laravel uses for locks only. */
export function isLaravelLockName(name: string): boolean {
  return LARAVEL_FAMILIES.some(({ head, rest }) => name.startsWith(head) && rest.test(name.slice(head.length)));
}

// `session:<id>` is left out: an application's own entries are named so, too. Windows writes its own separator.
const LARAVEL_FAMILIES = [
  { head: 'laravel_unique_job:', rest: /^/ },
  { head: 'laravel-queue-overlap:', rest: /^/ },
  { head: 'framework/schedule-', rest: /^[\da-f]{40}/ },
  { head: String.raw`framework\schedule-`, rest: /^[\da-f]{40}/ },
  { head: 'framework/command-', rest: /^/ },
  { head: String.raw`framework\command-`, rest: /^/ },
  { head: 'illuminate:cache:flexible:lock:', rest: /^/ },
];

/** What the names of those families begin with; a name that does is not of a family yet. */
export const LARAVEL_LOCK_HEADS: readonly string[] = LARAVEL_FAMILIES.map(({ head }) => head);

/** What the names of schedulers' mutexes begin with; a SHA-1 of 40 hexadecimal digits in lower case follows. */
export const SCHEDULE_MUTEX_HEADS = ['framework/schedule-', String.raw`framework\schedule-`] as const;

/**
 * Whether a name is that of a scheduler's mutex. Up to version 12 Laravel adds the one of `onOneServer()` as an entry, so it
 * lies in the cache's own place on every store.
 */
export function isScheduleMutex(name: string): boolean {
  return SCHEDULE_MUTEX.test(name);
}

const SCHEDULE_MUTEX = /^framework[/\\]schedule-[\da-f]{40}/;

/** The owners that Laravel makes up: `Str::random(16)` of locks, `Str::random(20)` of the slots of `Cache::funnel`. */
export function isLaravelOwner(owner: string): boolean {
  return LARAVEL_OWNER.test(owner) && !NUMBER.test(owner);
}

/** Of those, a slot's of `Cache::funnel`. */
export function isFunnelOwner(owner: string): boolean {
  return owner.length === 20 && isLaravelOwner(owner);
}

const LARAVEL_OWNER = /^(?:[\dA-Za-z]{16}|[\dA-Za-z]{20})$/;
const NUMBER = /^\d+(?:[Ee]\d+)?$/;

/** Whether a text is a value as PHP's `serialize()` writes it, or a JSON string, list or object. */
export function isSerialized(text: string): boolean {
  return SERIALIZED.test(text);
}

const SERIALIZED = /^(?:[CEOSas]:\d+:|[Rbdir]:[^;]*;|N;|["[{])/;
