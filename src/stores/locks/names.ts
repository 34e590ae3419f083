/** The prefix of every owner token that cachectl makes. It marks cachectl's locks among entries. */
export const OWNER_PREFIX = 'cachectl:';

/** Whether a name (without prefixes) belongs to a family that Laravel uses for locks only. */
export function isLaravelLockName(name: string): boolean {
  return LARAVEL_FAMILIES.some(({ head, rest }) => name.startsWith(head) && rest.test(name.slice(head.length)));
}

// `session:<id>` is left out, because entries of applications have such names too. Windows has its own separator.
const LARAVEL_FAMILIES = [
  { head: 'laravel_unique_job:', rest: /^/ },
  { head: 'laravel-queue-overlap:', rest: /^/ },
  { head: 'framework/schedule-', rest: /^[\da-f]{40}/ },
  { head: String.raw`framework\schedule-`, rest: /^[\da-f]{40}/ },
  { head: 'framework/command-', rest: /^/ },
  { head: String.raw`framework\command-`, rest: /^/ },
  { head: 'illuminate:cache:flexible:lock:', rest: /^/ },
];

/** The prefixes of those families. A name with such a prefix is not necessarily in a family. */
export const LARAVEL_LOCK_HEADS: readonly string[] = LARAVEL_FAMILIES.map(({ head }) => head);

/** The prefixes of scheduler mutexes; a lower-case SHA-1 follows. */
export const SCHEDULE_MUTEX_HEADS = ['framework/schedule-', String.raw`framework\schedule-`] as const;

/**
 * Whether a name is a scheduler mutex. Laravel up to 12 adds the mutex of `onOneServer()` as an entry, so it is among
 * the entries of every store.
 */
export function isScheduleMutex(name: string): boolean {
  return SCHEDULE_MUTEX.test(name);
}

const SCHEDULE_MUTEX = /^framework[/\\]schedule-[\da-f]{40}/;

/**
 * Whether it looks like an owner made by Laravel: `Str::random(16)` for locks, `Str::random(20)` for slots of
 * `Cache::funnel`.
 */
export function isLaravelOwner(owner: string): boolean {
  return LARAVEL_OWNER.test(owner) && !NUMBER.test(owner);
}

/** Whether it looks like the owner of a slot of `Cache::funnel`. */
export function isFunnelOwner(owner: string): boolean {
  return owner.length === 20 && isLaravelOwner(owner);
}

const LARAVEL_OWNER = /^(?:[\dA-Za-z]{16}|[\dA-Za-z]{20})$/;
const NUMBER = /^\d+(?:[Ee]\d+)?$/;

/** Whether a text is serialized by PHP, or a JSON string, list or object. */
export function isSerialized(text: string): boolean {
  return SERIALIZED.test(text);
}

const SERIALIZED = /^(?:[CEOSas]:\d+:|[Rbdir]:[^;]*;|N;|["[{])/;
